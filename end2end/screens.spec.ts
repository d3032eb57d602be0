import { type Page } from '@playwright/test'
import {
  addToCart,
  buy,
  cancelOrder,
  CARD,
  drawer,
  expectConfirmed,
  fillCard,
  headline,
  invitation,
  openInventory,
  reserve,
  SHOPPER,
  signIn,
  steps,
  STUDS,
  visit,
} from './steps.ts'
import { expect, shot, test } from './shop.ts'

/** From a small phone to a large desk. */
const WIDTHS = [320, 390, 1440, 2560]

/** Takes the page's pictures and makes sure that it never has to be scrolled sideways. */
async function look(page: Page, name: string): Promise<void> {
  const before = page.viewportSize()
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 })
    const { wide, seen } = await page.evaluate(() => ({
      wide: document.documentElement.scrollWidth,
      seen: document.documentElement.clientWidth,
    }))
    expect.soft(wide, `width of ${name} at ${width} px`).toBeLessThanOrEqual(seen)
  }
  if (before) await page.setViewportSize(before)
  await shot(page, name)
}

test.describe.configure({ timeout: 90_000 })

test('home, category, product and plain pages fit every screen', async ({ page, noise }) => {
  noise.foresee(/status of 404/)
  for (const [name, path] of [
    ['home', '/'],
    ['category', '/c/rings'],
    ['category-metal', '/c/rings?metal=white-gold'],
    ['product', '/p/vega-solitaire-ring'],
    ['product-limited', '/p/grotto-emerald-drops'],
    ['product-sold-out', '/p/trine-stacking-set?metal=white-gold'],
    ['delivery', '/delivery'],
    ['not-found', '/nowhere'],
  ] as const) {
    await visit(page, path)
    await look(page, name)
  }
})

test('cart and checkout fit every screen, filled, empty and with mistakes', async ({ page }) => {
  await visit(page, '/cart')
  await look(page, 'cart-empty')
  await addToCart(page)
  await page.getByRole('button', { name: 'Add to cart' }).click()
  await expect(drawer(page)).toBeVisible()
  await look(page, 'product-added')
  await visit(page, '/cart')
  await look(page, 'cart')
  await visit(page, '/checkout')
  await look(page, 'checkout')
  await page.getByRole('button', { name: /^Pay €/ }).click()
  await expect(page.getByRole('alert')).toBeFocused()
  await look(page, 'checkout-mistakes')
})

test.describe('while the bank takes its time', () => {
  test.use({ shopEnv: { VITRINE_TEST_GATEWAY_DELAY_MS: '12000' } })

  test('an order that is being paid fits every screen', async ({ page }) => {
    await buy(page, CARD.accepted)
    await expect(steps(page).nth(2)).toHaveText('Paying')
    await look(page, 'order-paying')
  })
})

test('an order fits every screen, declined and confirmed', async ({ page }) => {
  await buy(page, CARD.declined)
  await expect(headline(page, 'Your card was declined')).toBeVisible()
  await look(page, 'order-declined')
  await fillCard(page, CARD.accepted)
  await page.getByRole('button', { name: /^Pay €/ }).click()
  await expectConfirmed(page)
  await look(page, 'order-confirmed')
})

test('orders fit every screen, cancelled, listed and looked for', async ({ page }) => {
  await buy(page, CARD.declined)
  await cancelOrder(page)
  await expect(headline(page, 'Order cancelled')).toBeVisible()
  await look(page, 'order-cancelled')
  await visit(page, '/orders')
  await look(page, 'orders')
  await visit(page, '/orders/find')
  await look(page, 'find-order')
})

test('the pages of the staff fit every screen', async ({ page, shop }) => {
  await signIn(page)
  await page.goto('/admin/staff')
  const form = page.getByRole('form', { name: 'Invite somebody' })
  await form.getByRole('textbox', { name: 'Email' }).fill('somebody.with.a.long.name@a-long-domain.vitrine.test')
  await form.getByRole('button', { name: 'Invite' }).click()
  await expect(page.getByRole('button', { name: /^Send again/ })).toBeVisible()
  await look(page, 'staff')
  await page.goto('/admin/account')
  await page.getByRole('button', { name: 'Set up an app' }).click()
  await look(page, 'account')
  await page.goto('/admin/audit')
  await expect(page.getByRole('row').filter({ hasText: 'staff.invited' })).toBeVisible()
  await look(page, 'audit')
  await page.goto('/admin/sign-in/code')
  await look(page, 'sign-in-code')
  await page.goto(await invitation(shop, 'somebody.with'))
  await look(page, 'join')
})

test('the pages of the inventory fit every screen', async ({ page, newShopper }) => {
  await signIn(page, 'not the passphrase')
  await expect(page.getByRole('alert')).toBeVisible()
  await look(page, 'admin-sign-in')
  await reserve(await newShopper({ javaScriptEnabled: false }))
  await openInventory(page)
  await page.getByRole('button', { name: `Correct stock of ${STUDS.sku}` }).click()
  await look(page, 'inventory-correction')
  await page.getByRole('searchbox').fill('ring')
  await look(page, 'inventory')
  await page.getByText('Change many', { exact: true }).click()
  await look(page, 'inventory-many')
  await page.goto(`/admin/inventory/${STUDS.sku}`)
  await page.getByText('Write off', { exact: true }).first().click()
  await look(page, 'ledger')
  await page.goto('/admin/inventory/count?filter=lumen')
  await look(page, 'count-sheet')
  await page.getByRole('link', { name: 'Print with numbers' }).click()
  await look(page, 'count-sheet-paper')
  await page.goto('/admin/inventory/import')
  await look(page, 'import')
  const file = { name: 'counts.csv', mimeType: 'text/csv', buffer: Buffer.from('sku,counted\nNONE,1\n') }
  await page.getByLabel('File', { exact: true }).setInputFiles(file)
  await page.getByRole('button', { name: 'Check the file' }).click()
  await look(page, 'import-bad')
})

test('the pages of the log and of today fit every screen', async ({ page, newShopper }) => {
  await reserve(await newShopper({ javaScriptEnabled: false }))
  await openInventory(page)
  await page.goto('/admin/inventory?filter=ring')
  await page.getByRole('list', { name: 'Last events' }).getByRole('link', { name: /^V-/ }).first().click()
  await expect(page.getByRole('heading', { name: /^Order V-/ })).toBeVisible()
  await look(page, 'events-order')
  await page.goto('/admin/events?topic=orders')
  await look(page, 'events')
  await page.goto('/admin/events/consumers')
  await look(page, 'consumers')
  await page.goto(`/admin/events/what-if?sku=${STUDS.sku}&threshold=1`)
  await look(page, 'what-if')
  await page.goto(`/admin/events?of=${STUDS.sku}&at=soon`)
  await look(page, 'events-mistake')
  await page.goto('/admin/today')
  await look(page, 'today')
  await page.goto('/admin/today?span=month')
  await look(page, 'today-table')
})

test('the pages of products, purchases, persons and mails fit every screen', async ({ page, newShopper, noise }) => {
  // Playwright's own scripts, in the frame that a mail is shown in.
  noise.foresee(/^Blocked script execution in .* frame is sandboxed/)
  await reserve(await newShopper({ javaScriptEnabled: false }))
  await openInventory(page)
  await page.goto('/admin/products')
  await look(page, 'products')
  await page.goto('/admin/products/vega-solitaire-ring')
  await look(page, 'product-desk')
  await page.goto(`/admin/prices?q=${STUDS.sku}`)
  await page.getByRole('textbox', { name: 'Price', exact: true }).fill('cheap')
  await page.getByRole('form', { name: /^Price of/ }).getByRole('button', { name: 'Save' }).click()
  await expect(page.getByRole('alert')).toContainText('Enter an amount')
  await look(page, 'prices')
  await page.goto('/admin/restock?q=AS-LUM&edit=1')
  await look(page, 'restock-rule')
  await page.getByRole('button', { name: /^Order \d+ of AS-LUM-YG-OS$/ }).click()
  await look(page, 'purchase-order')
  await page.goto('/admin/restock?low=1')
  await look(page, 'restock')
  await page.goto('/admin/restock?q=AS-VEG-WG-50&edit=1')
  await page.getByRole('textbox', { name: /^Threshold/ }).fill('4')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.goto('/admin/purchase-orders')
  await look(page, 'purchase-orders')
  await page.goto('/admin/suppliers')
  await look(page, 'suppliers')
  await page.goto('/admin/alerts')
  await look(page, 'alerts')
  await page.goto('/admin/persons')
  await page.getByRole('textbox', { name: /^Email/ }).fill(SHOPPER.Email)
  await page.getByRole('button', { name: 'Look up' }).click()
  await page.getByText('Erase this person').click()
  await look(page, 'persons')
  await page.goto('/admin/mails')
  await look(page, 'mails')
  await page.getByRole('link', { name: /^(Order received|Payment needed)$/ }).first().click()
  await expect(page.frameLocator('iframe').getByRole('heading')).toBeVisible()
  await look(page, 'mail')
})
