/** Pictures of a page, for people to look at. */
import { join } from 'node:path'
import type { Page } from '@playwright/test'

const WIDTHS = [390, 1440]
const SCHEMES = ['light', 'dark'] as const
const FOLDER = join(import.meta.dirname, 'screenshots')

/**
 * Saves the whole page at phone and desktop width, light and dark, as
 * `screenshots/<name>-<width>-<scheme>.png`, and puts size and colours back.
 */
export async function shot(page: Page, name: string): Promise<void> {
  const before = page.viewportSize()
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: width < 800 ? 844 : 900 })
    for (const colorScheme of SCHEMES) {
      await page.emulateMedia({ colorScheme })
      await settle(page)
      await page.screenshot({
        path: join(FOLDER, `${name}-${width}-${colorScheme}.png`),
        fullPage: true,
        animations: 'disabled',
      })
    }
  }
  await page.emulateMedia({ colorScheme: null })
  if (before) await page.setViewportSize(before)
}

/** Waits until fonts and images are there, those below the fold included. */
async function settle(page: Page): Promise<void> {
  await page.evaluate(async () => {
    for (const image of document.images) image.loading = 'eager'
    await Promise.all([
      document.fonts.ready,
      // A broken image is for the picture to show, not a reason to have no picture.
      ...Array.from(document.images, image => image.decode().catch(() => undefined)),
    ])
  })
}
