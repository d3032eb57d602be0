/**
 * The main pages as they look, compared with pictures of when somebody last looked at them. What differs
 * from one run to the next (moments, numbers of orders, photographs that are still being decoded) is made
 * the same first. All widths are compared with --long; after a change that is meant,
 *
 *     cargo xtask test browser --long -- pictures.spec.ts --update-snapshots
 *
 * makes them anew, to be looked at before they are kept.
 */
import { join } from 'node:path'
import { type Page } from '@playwright/test'
import { addToCart, buy, CARD, expectConfirmed, openInventory, signIn, visit } from './steps.ts'
import { expect, test } from './shop.ts'

const WIDTHS = process.env['VITRINE_PICTURES'] === 'all' ? [390, 768, 1280, 1440, 2560] : [390, 1440]
const STYLE = join(import.meta.dirname, 'pictures.css')
/** Below this the pages repeat themselves. */
const TALLEST = 3_600

test.use({
  // Half as sharp: enough to see that something moved, and small enough to be kept.
  deviceScaleFactor: 0.5,
  // The policy forbids the styles that hold the page still.
  bypassCSP: true,
  colorScheme: 'light',
  timezoneId: 'UTC',
})
test.describe.configure({ timeout: 120_000 })

/** What stands for moments, spans and names that are others in each run; as long as what it stands for. */
const ALIKE: [RegExp, string][] = [
  [/V-[0-9A-Z]{8}/g, 'V-88888888'],
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '88888888-8888-8888-8888-888888888888'],
  [/\d{1,2} (January|February|March|April|May|June|July|August|September|October|November|December) \d{4}/g, '8 August 2028'],
  [/\d{1,2} (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4}/g, '8 Aug 2028'],
  [/(Mon|Tue|Wed|Thu|Fri) \d{1,2}( [A-Z][a-z]{2})?( – (Mon|Tue|Wed|Thu|Fri) \d{1,2} [A-Z][a-z]{2})?/g, 'Mon 7 – Tue 8 Aug'],
  [/\d\d:\d\d(:\d\d)?( UTC)?/g, '08:08'],
  [/\+?\d+(\.\d)? (ms|s|min|h)\b/g, '8 ms'],
  [/#\d+/g, '#888'],
]

async function settle(page: Page): Promise<void> {
  await page.evaluate(async alike => {
    await document.fonts.ready
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    for (let text = texts.nextNode(); text; text = texts.nextNode()) {
      let now = text.nodeValue ?? ''
      for (const [source, flags, same] of alike) now = now.replace(new RegExp(source, flags), same)
      if (now !== text.nodeValue) text.nodeValue = now
    }
  }, ALIKE.map(([pattern, same]) => [pattern.source, pattern.flags, same] as const))
}

async function compare(page: Page, name: string, tallest = TALLEST): Promise<void> {
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 })
    await settle(page)
    const tall = await page.evaluate(() => document.documentElement.scrollHeight)
    await expect.soft(page).toHaveScreenshot([`${name}-${width}.png`], {
      fullPage: true,
      clip: { x: 0, y: 0, width, height: Math.min(tall, tallest) },
      scale: 'device',
      animations: 'disabled',
      stylePath: STYLE,
      threshold: 0.3,
      maxDiffPixelRatio: 0.02,
    })
  }
}

for (const [name, path] of [
  ['home', '/'],
  ['category', '/c/rings'],
  ['product', '/p/vega-solitaire-ring'],
] as const) {
  test(`the ${name} looks as it did`, async ({ page }) => {
    await visit(page, path)
    await compare(page, name)
  })
}

test('cart and checkout look as they did', async ({ page }) => {
  await addToCart(page, '/p/vega-solitaire-ring')
  await addToCart(page)
  await visit(page, '/cart')
  await compare(page, 'cart')
  await visit(page, '/checkout')
  await expect(page.locator('.checkout__form[data-awake]')).toBeVisible()
  await compare(page, 'checkout')
})

test('an order looks as it did', async ({ page }) => {
  await buy(page, CARD.accepted)
  await expectConfirmed(page)
  await compare(page, 'order')
})

test('the inventory looks as it did', async ({ page }) => {
  await openInventory(page)
  await page.getByRole('searchbox').fill('')
  await expect(page.getByText(/^(\d+) of \1 SKUs$/)).toBeVisible()
  await compare(page, 'admin-inventory', 1_200)
})

test('the consumers look as they did', async ({ page }) => {
  await buy(page, CARD.accepted)
  await expectConfirmed(page)
  await signIn(page)
  await expect(page.getByRole('heading', { name: 'Inventory' })).toBeVisible()
  // Consumers pass what is for others once they rest.
  await expect(async () => {
    await page.goto('/admin/events/consumers')
    await expect(page.getByText('up to date')).toHaveCount(await page.locator('.consumers tbody tr').count())
  }).toPass()
  await compare(page, 'admin-consumers')
})
