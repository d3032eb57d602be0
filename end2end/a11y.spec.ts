import { AxeBuilder } from '@axe-core/playwright'
import { type Page } from '@playwright/test'
import {
  addToCart,
  buy,
  cancelOrder,
  CARD,
  expectConfirmed,
  fillCard,
  headline,
  live,
  openInventory,
  reserve,
  signIn,
  STUDS,
  visit,
} from './steps.ts'
import { expect, test } from './shop.ts'

/** Looks at the page for what keeps people out; in the dark for what can be different there. */
async function inspect(page: Page, name: string): Promise<void> {
  // Colours fade from one to the next; half-way ones are nobody's.
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' })
  await expectNothingGrave(new AxeBuilder({ page }), `${name}, light`)
  await page.emulateMedia({ colorScheme: 'dark', reducedMotion: 'reduce' })
  await expectNothingGrave(new AxeBuilder({ page }).withRules('color-contrast'), `${name}, dark`)
}

async function expectNothingGrave(axe: AxeBuilder, name: string): Promise<void> {
  const { violations } = await axe.analyze()
  const grave = violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(node => node.target.join(' ')).join(', ')}`)
  expect.soft(grave, name).toEqual([])
}

test.describe.configure({ timeout: 90_000 })

test('home, category, product and plain pages keep nobody out', async ({ page, noise }) => {
  noise.foresee(/status of 404/)
  for (const path of [
    '/',
    STUDS.category,
    '/p/vega-solitaire-ring',
    '/p/trine-stacking-set?metal=white-gold',
    '/delivery',
    '/nowhere',
  ]) {
    await visit(page, path)
    await inspect(page, path)
  }
})

test('the way from the cart to a paid order keeps nobody out', async ({ page }) => {
  await visit(page, '/cart')
  await inspect(page, 'empty cart')
  await addToCart(page)
  await inspect(page, 'product, added')
  await visit(page, '/cart')
  await inspect(page, 'cart')
  await visit(page, '/checkout')
  await page.getByRole('button', { name: /^Pay €/ }).click()
  await expect(page.getByRole('alert')).toBeFocused()
  await inspect(page, 'checkout with mistakes')
  await buy(page, CARD.declined, '/p/grotto-emerald-drops')
  await expect(headline(page, 'Your card was declined')).toBeVisible()
  await inspect(page, 'order, declined')
  await fillCard(page, CARD.accepted)
  await page.getByRole('button', { name: /^Pay €/ }).click()
  await expectConfirmed(page)
  await inspect(page, 'order, confirmed')
})

test("the admin's pages keep nobody out", async ({ page, newShopper, noise }) => {
  // Playwright's own scripts, in the frame that a mail is shown in.
  noise.foresee(/^Blocked script execution in .* frame is sandboxed/)
  await reserve(await newShopper({ javaScriptEnabled: false }))
  await signIn(page, 'not the passphrase')
  await expect(page.getByRole('alert')).toBeVisible()
  await inspect(page, 'sign-in')
  await openInventory(page)
  await page.getByRole('button', { name: `Correct stock of ${STUDS.sku}` }).click()
  await inspect(page, 'inventory, correcting')
  await page.goto('/admin/today')
  await inspect(page, 'today')
  await page.goto('/admin/restock?q=AS-LUM&edit=1')
  await page.getByRole('button', { name: /^Order \d+ of AS-LUM-YG-OS$/ }).click()
  await inspect(page, 'a purchase order')
  await page.goto('/admin/restock?q=vega')
  await inspect(page, 'what runs out')
  await page.goto('/admin/restock?q=AS-VEG-WG-50&edit=1')
  await page.getByRole('textbox', { name: /^Threshold/ }).fill('4')
  await page.getByRole('button', { name: 'Save' }).click()
  await inspect(page, 'a rule')
  await page.goto('/admin/purchase-orders')
  await inspect(page, 'purchase orders')
  await page.goto('/admin/suppliers')
  await inspect(page, 'suppliers')
  await page.goto('/admin/alerts')
  await inspect(page, 'alerts')
  await page.goto('/admin/mails')
  await inspect(page, 'mails')
  await page.getByRole('link', { name: /^(Order received|Payment needed)$/ }).first().click()
  const frame = page.locator('iframe')
  await expect(frame).toHaveAttribute('title', /./)
  const source = new URL((await frame.getAttribute('src')) ?? '', page.url()).href
  // No script runs in the frame, the inspector's neither: the mail is looked at by itself.
  await frame.evaluate(it => it.remove())
  await inspect(page, 'a mail')
  const mail = await page.request.get(source)
  await page.goto('about:blank')
  await page.setContent(await mail.text())
  await inspect(page, 'a mail, as it is read')
})

test('the pages of the log keep nobody out', async ({ page, newShopper }) => {
  await reserve(await newShopper({ javaScriptEnabled: false }))
  await openInventory(page)
  await page.goto(`/admin/events?of=${STUDS.sku}`)
  await inspect(page, 'events, a SKU')
  await page.goto('/admin/events?type=order.*&attribute=nonsense')
  await inspect(page, 'events, a filter that says nothing')
  await page.goto('/admin/events?topic=orders')
  await inspect(page, 'events, filtered')
  await page.getByRole('list', { name: 'Events' }).getByRole('link', { name: /^V-/ }).first().click()
  await inspect(page, 'events, an order through time')
  await page.goto('/admin/events/consumers')
  await inspect(page, 'consumers')
  await page.goto('/admin/events/what-if?sku=AS-VEG-WG-50&threshold=4')
  await inspect(page, 'what if')
  await page.goto('/admin/events?of=hello')
  await inspect(page, 'events, nothing found')
})

test('the pages of products keep nobody out', async ({ page }) => {
  await openInventory(page)
  await page.goto('/admin/products?q=vega')
  await inspect(page, 'products')
  await page.goto('/admin/products/vega-solitaire-ring')
  await inspect(page, 'a product')
})

test('the pages of the inventory keep nobody out', async ({ page }) => {
  await openInventory(page)
  await page.getByText('Change many', { exact: true }).click()
  await inspect(page, 'inventory, changing many')
  await page.goto(`/admin/inventory/${STUDS.sku}`)
  await page.getByText('Write off', { exact: true }).first().click()
  await inspect(page, 'a ledger')
  await page.goto('/admin/inventory/count?filter=lumen')
  await inspect(page, 'a count sheet')
  await page.getByRole('link', { name: 'Print with numbers' }).click()
  await inspect(page, 'a count sheet on paper')
  await page.goto('/admin/inventory/import')
  await inspect(page, 'an import')
  const file = { name: 'counts.csv', mimeType: 'text/csv', buffer: Buffer.from('sku,counted\nNONE,1\n') }
  await page.getByLabel('File', { exact: true }).setInputFiles(file)
  await page.getByRole('button', { name: 'Check the file' }).click()
  await inspect(page, 'an import with a bad line')
})

test('the pages of the staff keep nobody out', async ({ page }) => {
  await signIn(page)
  await page.goto('/admin/staff')
  const form = page.getByRole('form', { name: 'Invite somebody' })
  await form.getByRole('textbox', { name: 'Email' }).fill('grace@vitrine.test')
  await form.getByRole('button', { name: 'Invite' }).click()
  await expect(page.getByRole('button', { name: /^Send again/ })).toBeVisible()
  await inspect(page, 'staff')
  await form.getByRole('textbox', { name: 'Email' }).fill('nobody')
  await form.getByRole('button', { name: 'Invite' }).click()
  await expect(page.getByRole('alert')).toBeVisible()
  await inspect(page, 'staff, a mistake')
  await page.goto('/admin/account')
  await page.getByRole('button', { name: 'Set up an app' }).click()
  await inspect(page, 'account')
  await page.goto('/admin/audit')
  await expect(page.getByRole('row').filter({ hasText: 'staff.invited' })).toBeVisible()
  await inspect(page, 'audit')
  await page.goto('/admin/sign-in/code')
  await inspect(page, 'code')
})

for (const [name, width, height] of [
  ['desk', 1440, 900],
  ['phone', 390, 844],
] as const) {
  test(`the orders of everybody keep nobody out, on a ${name}`, async ({ page, newShopper }) => {
    await reserve(await newShopper({ javaScriptEnabled: false }))
    await page.setViewportSize({ width, height })
    await openInventory(page)
    await visit(page, '/admin/orders?tab=unpaid')
    await inspect(page, `orders at ${width} px`)
    await page.getByRole('link', { name: /^V-/ }).click()
    await live(page)
    await inspect(page, `an order at ${width} px`)
    // What is not paid for has no invoice.
    const shopper = await newShopper()
    await buy(shopper, CARD.accepted)
    await expectConfirmed(shopper)
    await visit(page, '/admin/orders')
    await page.getByRole('link', { name: /^V-/ }).click()
    await page.getByRole('link', { name: 'Invoice' }).click()
    await expect(page.getByRole('heading', { name: /^Invoice INV-/ })).toBeVisible()
    await inspect(page, `invoice at ${width} px`)
  })
}

test('orders that are found again, and one that came to nothing, keep nobody out', async ({ page }) => {
  await visit(page, '/orders')
  await inspect(page, 'no orders')
  await buy(page, CARD.declined)
  await expect(headline(page, 'Your card was declined')).toBeVisible()
  await cancelOrder(page)
  await expect(headline(page, 'Order cancelled')).toBeVisible()
  await inspect(page, 'order, cancelled')
  await visit(page, '/orders')
  await inspect(page, 'orders')
  await visit(page, '/orders/find')
  await page.getByRole('textbox', { name: 'Order number' }).fill('V-00000000')
  await page.getByRole('textbox', { name: 'Email' }).fill('ada@example.com')
  await page.getByRole('button', { name: 'Find my order' }).click()
  await expect(page.getByRole('alert')).toBeVisible()
  await inspect(page, 'order not found')
})
