/** What pages complain about: errors of scripts, of the console, and breaches of the CSP. */
import type { BrowserContext } from '@playwright/test'

/** The browser's own word where one goes on before the transition between two pages began: nobody misses it. */
const TRANSITION = /Transition was (skipped|aborted)/

export class Noise {
  private readonly heard: string[] = []
  private readonly foreseen: RegExp[] = []

  /** Listens to all pages of a context, those opened later included. */
  listenTo(context: BrowserContext): void {
    context.on('console', message => {
      // Breaches of the content security policy come as errors of the console, too.
      if (message.type() === 'error') this.heard.push(`${message.text()} (${message.location().url})`)
    })
    context.on('weberror', error => {
      const { message } = error.error()
      if (!TRANSITION.test(message)) this.heard.push(`uncaught: ${message}`)
    })
  }

  /** Says that a complaint belongs to what the test does: a browser logs every refusal as an error. */
  foresee(complaint: RegExp): void {
    this.foreseen.push(complaint)
  }

  /** All that was heard and not foreseen. */
  unforeseen(): string[] {
    return this.heard.filter(complaint => !this.foreseen.some(pattern => pattern.test(complaint)))
  }
}
