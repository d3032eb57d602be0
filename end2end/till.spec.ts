/** The till for hands, eyes and keyboards: nothing moves, nothing is lost sight of, no focus is lost. */
import { type Page } from '@playwright/test'
import {
  addToCart,
  buy,
  cancelOrder,
  CARD,
  expectConfirmed,
  fillAddress,
  fillCard,
  headline,
  placeOrder,
  STUDS,
  visit,
} from './steps.ts'
import { expect, test } from './shop.ts'

const RING = '/p/vega-solitaire-ring'
/** Where each field stands. */
const places = (page: Page) =>
  page.locator('.checkout__form .field:visible').evaluateAll(fields =>
    fields.map(field => Math.round(field.getBoundingClientRect().top + scrollY)),
  )
const focusIsSomewhere = (page: Page) =>
  expect.poll(() => page.evaluate(() => document.activeElement !== document.body)).toBe(true)

for (const width of [320, 390, 1440]) {
  test(`complaints come when a field is left and move nothing, at ${width} px`, async ({ page }) => {
    await page.setViewportSize({ width, height: 900 })
    await addToCart(page)
    await visit(page, '/checkout')
    const before = await places(page)
    for (const [label, text] of [
      ['Email', 'ada at example'],
      ['Phone', 'call me'],
      ['Postal code', ' '],
      ['City', ' '],
      ['Card number', '4242'],
      ['Expiry date', '1'],
      ['Security code', 'x'],
    ] as const) {
      const field = page.getByRole('textbox', { name: label })
      await field.fill(text)
      await field.press('Tab')
      await expect(field).toHaveAttribute('aria-invalid', 'true')
    }
    expect(await places(page), 'where the fields stand').toEqual(before)
    await page.getByRole('textbox', { name: 'Email' }).fill('ada@example.com')
    await expect(page.getByRole('textbox', { name: 'Email' })).not.toHaveAttribute('aria-invalid')
    expect(await places(page)).toEqual(before)
  })
}

test('phone and second line are optional and stand in the receipt', async ({ page }) => {
  await addToCart(page)
  await visit(page, '/checkout')
  await page.getByRole('textbox', { name: 'Phone' }).fill('+49 30 123456')
  await page.getByRole('textbox', { name: 'Flat, floor' }).fill('3rd floor')
  await placeOrder(page, CARD.accepted)
  await expectConfirmed(page)
  await expect(page.getByRole('main').getByText('3rd floor')).toBeVisible()
  await expect(page.getByRole('main').getByText('+49 30 123456')).toBeVisible()
  await expect(headline(page, 'Your order is confirmed')).toContainText(
    /Arrives \w{3} \d+( \w{3})? – \w{3} \d+ \w{3}/,
  )
  await expect(page.getByText(/^Paid after /)).toBeHidden()
  await page.getByText('How it went').click()
  await expect(page.getByText(/^Paid after /)).toBeVisible()
})

test('the total is in sight at every length: folded on a phone, under scrolling lines on a desk', async ({
  page,
}) => {
  for (const path of [
    STUDS.path,
    RING,
    '/p/grotto-emerald-drops',
    '/p/notary-onyx-signet',
    '/p/alba-dome-hoops',
    '/p/violet-hour-studs',
    '/p/torsade-twist-bangle',
    '/p/wayfinder-coin-necklace',
  ]) {
    await addToCart(page, path)
  }
  await page.setViewportSize({ width: 390, height: 844 })
  await visit(page, '/checkout')
  const fold = page.locator('.checkout__fold > summary')
  await expect(fold).toHaveText(/^8 pieces €/)
  await expect(page.getByRole('textbox', { name: 'Email' })).toBeInViewport()
  const lines = page.locator('.checkout__summary .order-line')
  await expect(lines.first()).toBeHidden()
  await fold.click()
  await expect(lines.first()).toBeVisible()
  await page.setViewportSize({ width: 1440, height: 900 })
  await page.reload()
  await expect(fold).toBeHidden()
  await expect(lines.first()).toBeVisible()
  await expect(page.locator('.sums__total')).toBeInViewport({ ratio: 1 })
})

test('taking lines out never leaves the keyboard on nothing', async ({ page }) => {
  await addToCart(page)
  await addToCart(page, RING)
  await visit(page, '/cart')
  await page.getByRole('button', { name: `Remove ${STUDS.title}` }).press('Enter')
  await expect(page.getByRole('spinbutton')).toHaveCount(1)
  await expect(page.getByRole('main').getByRole('link', { name: 'Vega Solitaire Ring' })).toBeFocused()
  await page.getByRole('button', { name: 'Remove Vega' }).press('Enter')
  await expect(page.getByText('Nothing here yet.')).toBeFocused()
})

test('an empty card form leads to its first field, and no change of the order loses the keyboard', async ({
  page,
}) => {
  await buy(page, CARD.declined)
  await expect(headline(page, 'Your card was declined')).toBeVisible()
  const pay = page.getByRole('button', { name: /^Pay €/ })
  await pay.press('Enter')
  await expect(page.getByRole('textbox', { name: 'Card number' })).toBeFocused()
  await fillCard(page, CARD.insufficientFunds)
  await pay.press('Enter')
  await expect(headline(page, 'insufficient funds')).toBeVisible()
  await focusIsSomewhere(page)
  await cancelOrder(page)
  await expect(headline(page, 'Order cancelled')).toBeVisible()
  await focusIsSomewhere(page)
  await expect(page).toHaveTitle(/^Cancelled – V-/)
  await expect(page.getByRole('main').getByRole('link', { name: 'Back to your cart' })).toBeVisible()
  await expect(page.getByRole('banner').getByRole('link', { name: 'Cart 1 piece' })).toBeVisible()
  await expect(page.getByText(/Arrives/)).toHaveCount(0)
})

test('text of any length stays inside the page at 320 px', async ({ page }) => {
  await page.setViewportSize({ width: 320, height: 700 })
  await visit(page, STUDS.path)
  await page.getByText('Add a gift note').click()
  await page.getByRole('textbox', { name: 'Gift note' }).fill('https://example.com/'.padEnd(140, 'x'))
  await page.getByRole('button', { name: 'Add to cart' }).click()
  await expect(page.getByRole('link', { name: 'Cart 1 piece' })).toBeVisible()
  const wide = async (what: string) => {
    const [all, seen] = await page.evaluate(() => [
      document.documentElement.scrollWidth,
      document.documentElement.clientWidth,
    ])
    expect(all, what).toBeLessThanOrEqual(seen!)
  }
  await visit(page, '/cart')
  await wide('cart')
  await visit(page, '/checkout')
  await page.locator('.checkout__fold > summary').click()
  await wide('checkout')
  await fillAddress(page)
  await page.getByRole('textbox', { name: 'Full name' }).fill('N'.repeat(120))
  await page.getByRole('textbox', { name: 'Street and number' }).fill('S'.repeat(160))
  await page.getByRole('textbox', { name: 'Email' }).fill(`${'e'.repeat(100)}@example.com`)
  await fillCard(page, CARD.accepted)
  await page.getByRole('button', { name: /^Pay €/ }).click()
  await expectConfirmed(page)
  await wide('order')
  await page.goto('/orders')
  await wide('orders')
})

test('with colours of the reader the marks of an order are told apart', async ({ page }) => {
  await page.emulateMedia({ forcedColors: 'active' })
  await buy(page, CARD.declined)
  await expect(headline(page, 'Your card was declined')).toBeVisible()
  const fills = await page
    .locator('.step__mark')
    .evaluateAll(marks => marks.map(mark => getComputedStyle(mark).backgroundColor))
  expect(new Set([fills[0], fills[2], fills[3]]).size, fills.join(', ')).toBe(3)
})

test('on paper stands the receipt alone', async ({ page }) => {
  await buy(page, CARD.accepted)
  await expectConfirmed(page)
  await expect(page.getByRole('button', { name: 'Print receipt' })).toBeVisible()
  await page.emulateMedia({ media: 'print' })
  await expect(page.locator('.receipt-head')).toBeVisible()
  await expect(page.locator('.sums__total')).toBeVisible()
  // How it stands is said on paper, too, without its steps and what can be done.
  await expect(headline(page, 'Your order is confirmed')).toBeVisible()
  for (const gone of ['.site-head', '.site-foot', '.steps', '.order-next', '.order-more']) {
    await expect(page.locator(gone)).toBeHidden()
  }
})

for (const script of [true, false]) {
  test(`the bill goes to another address, ${script ? 'with' : 'without'} script`, async ({ newShopper }) => {
    const page = await newShopper({ javaScriptEnabled: script })
    await page.goto(STUDS.path)
    await page.getByRole('button', { name: 'Add to cart' }).click()
    await page.getByRole('link', { name: 'Checkout' }).click()
    if (script) await expect(page.locator('.checkout__form[data-awake]')).toBeVisible()
    await fillAddress(page)
    const company = page.getByRole('textbox', { name: 'Full name or company' })
    await expect(company).toBeHidden()
    await page.getByRole('radio', { name: 'Another address' }).check()
    await company.fill('Lovelace & Co')
    if (script) await fillCard(page, CARD.accepted)
    const pay = page.getByRole('button', { name: script ? /^Pay €/ : 'Pay on the next page' })
    await pay.click()
    // It is not whole yet, and what was typed is still there.
    await expect(page.getByRole('alert')).toContainText('Enter your street and number.')
    await expect(company).toHaveValue('Lovelace & Co')
    const billing = page.getByRole('group', { name: 'Billing address' })
    for (const [label, text] of [
      ['Street and number', 'Bahnhofstrasse 1'],
      ['Postal code', '8001'],
      ['City', 'Zürich'],
      ['Country', 'Switzerland'],
    ] as const) {
      await billing.getByRole('textbox', { name: label }).fill(text)
    }
    await pay.click()
    await page.waitForURL(/\/orders\//)
    const receipt = page.getByRole('region', { name: 'What you ordered' })
    await expect(receipt).toContainText('Lovelace & Co')
    await expect(receipt).toContainText('8001 Zürich')
    await expect(receipt).toContainText('Ada Lovelace')
  })
}

test('the arrival stands beside each delivery and follows the country', async ({ page }) => {
  await addToCart(page)
  await visit(page, '/checkout')
  const express = page.locator('.choice', { hasText: 'Express delivery' })
  const days = async () => (await express.innerText()).match(/Arrives (.*)/)?.[1] ?? ''
  await expect(express).toContainText(/Arrives [A-Z][a-z]{2} \d/)
  const everywhere = await days()
  const country = page.getByRole('combobox', { name: 'Country' })
  await country.selectOption('Germany')
  await expect.poll(days).not.toBe(everywhere)
  const near = await days()
  await country.selectOption('Finland')
  await expect.poll(days).not.toBe(near)
  expect(everywhere.split(' – ').map(end => end.split(' ')[0])).toContain(near.split(' ')[0])
})
