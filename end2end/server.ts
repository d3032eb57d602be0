/** One server process with a data folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export const ADMIN = { email: 'admin@vitrine.test', password: 'a long test passphrase' }

/** Includes making the database and filling the catalogue, in a debug build on a busy machine. */
const START_TIMEOUT_MS = 25_000
/** A server that has not drained by then is stuck, and the test says so. */
const STOP_TIMEOUT_MS = 15_000

export class Shop {
  /** Where the shop answers, without a slash at the end. The same after a restart. */
  url = ''
  /** All that the server printed so far, over all its starts. */
  output = ''

  private process: ChildProcess | undefined
  private listen = '127.0.0.1:0'

  private constructor(
    readonly dataDir: string,
    private readonly env: Record<string, string>,
  ) {}

  /** Makes an empty shop and starts it. */
  static async open(env: Record<string, string> = {}): Promise<Shop> {
    const shop = new Shop(await mkdtemp(join(tmpdir(), 'vitrine-')), env)
    try {
      await shop.start()
    } catch (error) {
      await shop.close()
      throw error
    }
    return shop
  }

  /** Starts the server, on the port it had before if there was one, and waits until it answers. */
  async start(): Promise<void> {
    await this.startAt(this.listen)
    this.listen = new URL(this.url).host
  }

  /**
   * Starts the server with the same data on another port, where pages that are open do not find it.
   * The next start is on the usual port again.
   */
  async startElsewhere(): Promise<void> {
    await this.startAt('127.0.0.1:0')
  }

  private async startAt(listen: string): Promise<void> {
    if (this.process) throw new Error('the shop is running already')
    const server = spawn(setting('VITRINE_SERVER_BIN'), [], {
      cwd: this.dataDir,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        VITRINE_LISTEN: listen,
        VITRINE_DATA_DIR: this.dataDir,
        VITRINE_SITE_DIR: setting('VITRINE_SITE_DIR'),
        VITRINE_ADMIN_EMAIL: ADMIN.email,
        VITRINE_ADMIN_PASSWORD: ADMIN.password,
        ...this.env,
      },
    })
    this.process = server
    this.url = await this.ready(server)
  }

  /** Asks the server to finish what it does and to end, and waits for that. */
  async stop(): Promise<void> {
    const server = this.process
    if (!server) return
    const [code, signal] = await this.end(server, 'SIGTERM')
    if (signal === 'SIGKILL') throw new Error(`the server did not stop\n${this.output}`)
    if (code !== 0 && signal !== 'SIGTERM') {
      throw new Error(`the server ended with ${code ?? signal}\n${this.output}`)
    }
  }

  /** Ends the server as a power cut would. */
  async kill(): Promise<void> {
    if (this.process) await this.end(this.process, 'SIGKILL')
  }

  /** Stops the server and starts it again with the same data on the same port. */
  async restart(): Promise<void> {
    await this.stop()
    await this.start()
  }

  /** Ends the server, however it fares, and removes its data. */
  async close(): Promise<void> {
    await this.kill()
    await rm(this.dataDir, { recursive: true, force: true })
  }

  private async end(server: ChildProcess, signal: NodeJS.Signals): Promise<unknown[]> {
    this.process = undefined
    if (server.exitCode !== null || server.signalCode !== null) {
      return [server.exitCode, server.signalCode]
    }
    const ended = once(server, 'exit')
    server.kill(signal)
    const tooLate = setTimeout(() => server.kill('SIGKILL'), STOP_TIMEOUT_MS)
    try {
      return await ended
    } finally {
      clearTimeout(tooLate)
    }
  }

  /** The address from the line that the server prints once it listens. */
  private ready(server: ChildProcess): Promise<string> {
    return new Promise((resolve, reject) => {
      const fail = (why: string) => reject(new Error(`${why}\n${this.output}`))
      const tooLate = setTimeout(() => fail('the server did not get ready in time'), START_TIMEOUT_MS)
      server.on('error', error => fail(`the server did not start: ${error.message}`))
      server.on('exit', (code, signal) => {
        clearTimeout(tooLate)
        fail(`the server ended with ${code ?? signal}`)
      })
      for (const stream of [server.stdout, server.stderr]) {
        if (!stream) continue
        // Reading goes on after the address is known: a full pipe would stop the server.
        createInterface({ input: stream }).on('line', line => {
          this.output += `${line}\n`
          const address = /^listening on (http:\/\/\S+?)\/?$/.exec(line)?.[1]
          if (!address) return
          clearTimeout(tooLate)
          resolve(address)
        })
      }
    })
  }
}

function setting(name: string): string {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set: run the browser tests with \`cargo xtask test browser\``)
  return value
}
