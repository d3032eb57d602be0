/** Pages stay within their budgets, and what is seen first comes first. */
import { live } from './steps.ts'
import { expect, test } from './shop.ts'
import { weigh } from './weight.ts'

const KB = 1000

/** A phone of today: narrow, and sharp enough to ask for large pictures. */
test.use({ viewport: { width: 390, height: 844 }, deviceScaleFactor: 3, isMobile: true, hasTouch: true })

for (const [name, path, budget] of [
  ['front page', '/', 240],
  ['category', '/c/rings', 255],
  ['product', '/p/vega-solitaire-ring', 440],
] as const) {
  test(`the ${name} takes at most ${budget} KB on a phone, script and pictures included`, async ({ page }) => {
    const { total, byKind } = await weigh(page, path)
    await live(page)
    console.log(`${name}: ${Math.round(total / KB)} KB`, byKind)
    expect(byKind['WebAssembly'], 'the page is awake').toBeGreaterThan(0)
    expect(total, JSON.stringify(byKind)).toBeLessThanOrEqual(budget * KB)
  })
}

test('the program waits for the largest picture, or for the first touch', async ({ page }) => {
  let letThrough = () => {}
  const gate = new Promise<void>(resolve => (letThrough = resolve))
  let program = false
  page.on('request', request => (program ||= request.url().endsWith('.wasm')))
  await page.route('**/pictures/*', async route => {
    await gate
    await route.continue()
  })
  await page.goto('/', { waitUntil: 'commit' })
  const picture = page.locator('img[fetchpriority=high]')
  await expect(picture).toHaveCount(1)
  await expect(page.getByRole('contentinfo')).toBeVisible()
  expect(program, 'before the picture').toBe(false)
  letThrough()
  await live(page)
  expect(program).toBe(true)
})

test('somebody who does not wait for the picture wakes the page', async ({ page }) => {
  let program = false
  page.on('request', request => (program ||= request.url().endsWith('.wasm')))
  await page.route('**/pictures/*', () => {})
  // Nothing but somebody wakes it: it does not wake by itself after a while.
  await page.addInitScript(() => {
    const later = window.setTimeout.bind(window)
    window.setTimeout = ((run: TimerHandler, ms?: number, ...rest: unknown[]) =>
      (ms ?? 0) >= 1_000 ? 0 : later(run, ms, ...rest)) as typeof window.setTimeout
  })
  await page.goto('/', { waitUntil: 'commit' })
  await expect(page.getByRole('contentinfo')).toBeVisible()
  expect(program, 'before anybody does anything').toBe(false)
  // The first press may come before the page listens.
  await expect
    .poll(async () => {
      await page.keyboard.press('Tab')
      return program
    })
    .toBe(true)
})

test('every picture is fetched as AVIF, in a size that suits its place, and kept for ever', async ({ page }) => {
  const pictures: { url: string; kept: string | undefined }[] = []
  page.on('response', response => {
    if (response.request().resourceType() !== 'image' || response.url().endsWith('.svg')) return
    pictures.push({ url: response.url(), kept: response.headers()['cache-control'] })
  })
  await page.goto('/p/vega-solitaire-ring', { waitUntil: 'networkidle' })
  expect(pictures.length).toBeGreaterThan(1)
  for (const { url, kept } of pictures) {
    expect(url).toMatch(/\/pictures\/[a-z0-9-]+-\d+\.avif$/)
    expect(kept, url).toBe('public, max-age=31536000, immutable')
  }
  // A browser shows the large one small, too, where it has that already.
  const large = page.locator('.gallery__row img').first()
  const fetched = await large.evaluate((image: HTMLImageElement) => image.currentSrc)
  const thumbs = page.locator('.thumbs img')
  for (const thumb of await thumbs.all()) {
    await thumb.scrollIntoViewIfNeeded()
    await expect(thumb).toHaveJSProperty('complete', true)
    const source = await thumb.evaluate((image: HTMLImageElement) => image.currentSrc)
    if (source !== fetched) expect(source).toMatch(/-(160|360)\.avif$/)
  }
})
