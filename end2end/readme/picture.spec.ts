/**
 * Makes the README's picture anew: a shop and its admin side by side, while shoppers of `server demo` buy.
 *
 *     VITRINE_README=1 cargo xtask test browser -- readme
 *
 * What it writes is an animated WebP: the two windows, and then the places of them that change.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type APIRequestContext, type Page } from '@playwright/test'
import { ADMIN, expect, test } from '../shop.ts'
import { openInventory, visit } from '../steps.ts'
import { animation, type Frame } from './webp.ts'

/** Two windows of this size. */
const WINDOW = { width: 620, height: 640 }
const BAR = 30
const GAP = 16
const EDGE = 20
const FRAMES = 24
const EVERY_MS = 700
const QUALITY = 0.72
/** Days of the demo in a day. */
const SPEED = '480'

/** Draws frames side by side, and tells what changed since the last one. Runs in a page of its own. */
async function drawingBoard(page: Page): Promise<void> {
  await page.setContent('<canvas></canvas>')
  await page.evaluate(({ width, height, bar, gap, edge }) => {
    const canvas = document.querySelector('canvas')!
    canvas.width = 2 * width + gap + 2 * edge
    canvas.height = height + bar + 2 * edge
    const pen = canvas.getContext('2d', { willReadFrequently: true })!
    pen.fillStyle = '#e7e1d8'
    pen.fillRect(0, 0, canvas.width, canvas.height)
    const left = (pane: number) => edge + pane * (width + gap)
    ;['Shop', 'Admin'].forEach((name, pane) => {
      pen.fillStyle = '#d5cdc1'
      pen.beginPath()
      pen.roundRect(left(pane), edge, width, bar + 12, 8)
      pen.fill()
      pen.fillStyle = '#a2978a'
      for (const dot of [0, 1, 2]) {
        pen.beginPath()
        pen.arc(left(pane) + 18 + dot * 16, edge + bar / 2, 4.5, 0, 7)
        pen.fill()
      }
      pen.fillStyle = '#51483f'
      pen.font = '14px sans-serif'
      pen.textAlign = 'center'
      pen.textBaseline = 'middle'
      pen.fillText(name, left(pane) + width / 2, edge + bar / 2 + 1)
    })
    const encoded = (of: HTMLCanvasElement, quality: number): Promise<string> =>
      new Promise(resolve =>
        of.toBlob(
          blob => {
            const reader = new FileReader()
            reader.onload = () => resolve(String(reader.result).split(',')[1]!)
            reader.readAsDataURL(blob!)
          },
          'image/webp',
          quality,
        ),
      )
    Object.assign(window, {
      whole: async (quality: number) => ({
        x: 0,
        y: 0,
        width: canvas.width,
        height: canvas.height,
        webp: await encoded(canvas, quality),
      }),
      /** Takes in what a window shows now; the place that this changes, or nothing. */
      show: async (pane: number, png: string, quality: number) => {
        const image = new Image()
        image.src = `data:image/png;base64,${png}`
        await image.decode()
        const [x0, y0] = [left(pane), edge + bar]
        const before = pen.getImageData(x0, y0, width, height).data
        pen.drawImage(image, x0, y0, width, height)
        const now = pen.getImageData(x0, y0, width, height).data
        let [top, right, bottom, west] = [height, 0, 0, width]
        for (let i = 0; i < now.length; i += 4) {
          const differs = [0, 1, 2].some(c => Math.abs(now[i + c]! - before[i + c]!) > 10)
          if (!differs) continue
          const [x, y] = [(i / 4) % width, Math.floor(i / 4 / width)]
          top = Math.min(top, y)
          bottom = Math.max(bottom, y + 1)
          west = Math.min(west, x)
          right = Math.max(right, x + 1)
        }
        if (bottom <= top) return null
        // A frame begins on even pixels.
        const x = (x0 + west) & ~1
        const y = (y0 + top) & ~1
        const part = document.createElement('canvas')
        part.width = x0 + right - x
        part.height = y0 + bottom - y
        part.getContext('2d')!.drawImage(canvas, -x, -y)
        return { x, y, width: part.width, height: part.height, webp: await encoded(part, quality) }
      },
    })
  }, { ...WINDOW, bar: BAR, gap: GAP, edge: EDGE })
}

type Place = Omit<Frame, 'webp' | 'ms'> & { webp: string }
type Board = {
  whole: (quality: number) => Promise<Place>
  show: (pane: number, png: string, quality: number) => Promise<Place | null>
}

/** Buys one pair of the drop, as a script of a page would. */
async function buyOne(shopper: APIRequestContext): Promise<void> {
  const post = async (command: string, form: Record<string, string>) => {
    const answer = await shopper.post(`/api/${command}`, { form, headers: { accept: 'application/json' } })
    expect(answer.ok(), await answer.text()).toBe(true)
  }
  await post('add_to_cart', { sku: 'AS-GRO-YG-OS', quantity: '1', gift_note: '' })
  await post('place_order', {
    // Of version 7, as the shop's ids are.
    order_id: crypto.randomUUID().replace(/^(.{14})./, '$17'),
    email: 'ada@example.com',
    name: 'Ada Lovelace',
    street: '12 St James Square',
    postal_code: '10115',
    city: 'Berlin',
    country: 'DE',
    delivery: 'standard',
    payment_token: 'pm_card_visa',
    expected_total_minor: '148000',
  })
  await shopper.dispose()
}

test.use({ shopEnv: { VITRINE_LIFT_LIMITS: 'true' }, viewport: WINDOW, colorScheme: 'light' })
test.describe.configure({ timeout: 180_000 })

test('the README shows shop and admin as they move', async ({ page: shopper, newShopper, shop, browser, playwright }) => {
  const staff = await newShopper({ viewport: WINDOW, colorScheme: 'light' })
  const board = await browser.newPage()
  await visit(shopper, '/')
  await shopper.locator('.drop__piece').nth(1).evaluate(piece => {
    // To where its number stands.
    const { bottom } = piece.getBoundingClientRect()
    scrollTo({ top: bottom + scrollY - innerHeight + 12, behavior: 'instant' })
  })
  await openInventory(staff)
  await expect(staff.locator('.stream')).toBeVisible()
  await staff.evaluate(() => document.fonts.ready)
  await staff.locator('.stream').evaluate(stream => {
    scrollTo({ top: stream.getBoundingClientRect().top + scrollY - 24, behavior: 'instant' })
  })
  await drawingBoard(board)
  const show = async (pane: number, page: Page) => {
    const png = (await page.screenshot()).toString('base64')
    return board.evaluate(
      ([pane, png, quality]) => (window as unknown as Board).show(pane, png, quality),
      [pane, png, QUALITY] as const,
    )
  }
  const newest = staff.locator('.stream .event__position').first()
  let told = await newest.innerText()
  const env = { ...process.env, VITRINE_ADMIN_EMAIL: ADMIN.email, VITRINE_ADMIN_PASSWORD: ADMIN.password }
  const server = process.env['VITRINE_SERVER_BIN'] ?? ''
  const demo = spawn(server, ['demo', '--url', shop.url, '--speed', SPEED, '--seed', '5'], { env, stdio: 'ignore' })
  const frames: Frame[] = []
  try {
    await show(0, shopper)
    await show(1, staff)
    const first = await board.evaluate(quality => (window as unknown as Board).whole(quality), QUALITY)
    frames.push({ ...first, webp: Buffer.from(first.webp, 'base64'), ms: EVERY_MS })
    for (let i = 0; i < FRAMES; i++) {
      // The demo's shoppers choose among all pieces; now and then somebody takes the one in sight.
      if (i % 6 === 3) await buyOne(await playwright.request.newContext({ baseURL: shop.url }))
      // A frame for what is new, whenever it comes; the clip has a pace of its own.
      await expect(newest).not.toHaveText(told)
      told = await newest.innerText()
      const places = [await show(0, shopper), await show(1, staff)]
      const changed = places.filter(place => place !== null)
      if (changed.length === 0) frames[frames.length - 1]!.ms += EVERY_MS
      changed.forEach((place, at) => {
        const ms = at === changed.length - 1 ? EVERY_MS : 0
        frames.push({ ...place, webp: Buffer.from(place.webp, 'base64'), ms })
      })
    }
    const file = animation(first.width, first.height, frames)
    expect(frames.length, 'something moves').toBeGreaterThan(FRAMES / 2)
    expect(file.length, 'bytes').toBeLessThan(600_000)
    await writeFile(join(import.meta.dirname, 'vitrine.webp'), file)
  } finally {
    demo.kill('SIGINT')
    await once(demo, 'exit')
  }
})
