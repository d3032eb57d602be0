import { type Page } from '@playwright/test'
import { buy, CARD, expectConfirmed, fillCard, live, openInventory, order, signIn, STUDS } from './steps.ts'
import { ADMIN, expect, test } from './shop.ts'

const lookUp = (page: Page) => page.getByRole('form', { name: 'Look-up' })
const story = (page: Page) => page.getByRole('region', { name: 'What led there' }).getByRole('row')
const fact = (page: Page, name: string) =>
  page.locator('dl > div').filter({ has: page.getByRole('term').filter({ hasText: name }) }).getByRole('definition')

/** A fact of an order through time, under one of its headings. */
const then = (page: Page, part: string, name: string) =>
  page
    .getByRole('region', { name: part, exact: true })
    .locator('dl > div')
    .filter({ has: page.getByRole('term').filter({ hasText: name }) })
    .getByRole('definition')

async function openEvents(page: Page): Promise<void> {
  await signIn(page)
  await page.getByRole('navigation', { name: 'Admin' }).getByRole('link', { name: 'Events' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Events' })).toBeVisible()
}

async function look(page: Page, of: string, at = ''): Promise<void> {
  await lookUp(page).getByRole('textbox', { name: 'Order number, SKU or #position' }).fill(of)
  await lookUp(page).getByRole('textbox', { name: 'As of position' }).fill(at)
  await lookUp(page).getByRole('button', { name: 'Look up' }).click()
}

test('the page about the log asks for a sign-in', async ({ page }) => {
  await page.goto(`/admin/events?of=${STUDS.sku}`)
  await expect(page).toHaveURL('/admin/sign-in')
})

test('an order that was bought is looked up with all that led to it, and as it was before', async ({
  page,
  newShopper,
}) => {
  const shopper = await newShopper()
  await buy(shopper, CARD.accepted)
  await expectConfirmed(shopper)

  await openInventory(page)
  const events = page.getByRole('list', { name: 'Last events' }).getByRole('listitem')
  const last = events.filter({ hasText: 'order.confirmed' }).first()
  await last.getByRole('link', { name: /^V-/ }).click()
  await expect(page.getByRole('heading', { level: 2, name: /^Order V-/ })).toBeVisible()
  await expect(then(page, 'Order', 'status')).toHaveText('confirmed')
  await expect(story(page).getByRole('rowheader')).toHaveText([
    'order.placed',
    /^stock\.reserved \(caused by #\d+\)$/,
    /^payment\.requested \(caused by #\d+\)$/,
    /^payment\.authorized \(caused by #\d+\)$/,
    /^order\.confirmed \(caused by #\d+\)$/,
  ])
  await expect(story(page).nth(2)).toContainText(/inventory\+\d/)

  await story(page).filter({ hasText: 'order.placed' }).getByRole('link').click()
  await expect(then(page, 'Order', 'status')).toHaveText('being reserved')
  await expect(story(page).and(page.locator('[data-later]')).getByRole('rowheader')).toHaveCount(4)
  await page.getByRole('link', { name: 'Now', exact: true }).click()
  await expect(then(page, 'Order', 'status')).toHaveText('confirmed')
})

test('a filter shows what it lets through while somebody buys beside, and the slider an order as it was', async ({
  page,
  newShopper,
}) => {
  await openEvents(page)
  const filter = page.getByRole('search', { name: 'Filter' })
  await filter.getByRole('combobox', { name: 'Type' }).fill('order.*')
  await filter.getByRole('button', { name: 'Filter' }).click()
  await expect(page).toHaveURL(/type=order\.\*/)
  await live(page)
  const rows = page.getByRole('list', { name: 'Events' }).getByRole('listitem')
  await expect(rows).toHaveCount(0)

  const shopper = await newShopper()
  await buy(shopper, CARD.declined)
  await expect(rows.filter({ hasText: 'order.placed' })).toHaveCount(1)
  // Nothing but what was asked for has come.
  await expect(rows.filter({ hasText: 'stock.' })).toHaveCount(0)
  await fillCard(shopper, CARD.accepted)
  await shopper.getByRole('button', { name: /^Pay €/ }).click()
  await expectConfirmed(shopper)
  await expect(rows.filter({ hasText: 'order.confirmed' })).toHaveCount(1)

  await page.getByRole('button', { name: 'Pause' }).click()
  await expect(page.getByText('Paused')).toBeVisible()
  await rows.first().getByRole('link', { name: /^V-/ }).click()
  await live(page)
  const slider = page.getByRole('slider', { name: 'Moment' })
  await expect(slider).toHaveAttribute('aria-valuetext', /order\.confirmed|now$/)
  await expect(then(page, 'Payment', 'status')).toHaveText('authorized')
  const stock = page.getByRole('region', { name: 'Stock', exact: true }).getByRole('row').nth(1)
  await expect(stock.getByRole('cell')).toHaveText(['2', '1', '0', '1'])

  await slider.focus()
  await page.keyboard.press('Home')
  await expect(slider).toHaveAttribute('aria-valuetext', /order\.placed/)
  await expect(then(page, 'Order', 'status')).toHaveText('being reserved')
  await expect(then(page, 'Payment', 'status')).toHaveText('not asked for yet')
  await expect(then(page, 'Payment', 'attempts')).toHaveText('0')
  while (!/payment\.declined/.test((await slider.getAttribute('aria-valuetext')) ?? '')) {
    await page.keyboard.press('ArrowRight')
  }
  await expect(then(page, 'Payment', 'status')).toHaveText('declined')
  await expect(then(page, 'Payment', 'attempts')).toHaveText('1')
  await expect(stock.getByRole('cell')).toHaveText(['2', '1', '0', '1'])
  // The address is the moment.
  await page.reload()
  await live(page)
  await expect(then(page, 'Payment', 'status')).toHaveText('declined')

  await page.getByRole('button', { name: 'Play' }).click()
  await expect(page.getByRole('button', { name: 'Pause' })).toBeVisible()
  await expect(then(page, 'Payment', 'status')).toHaveText('authorized', { timeout: 20_000 })
})

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false })

  test('a SKU is looked up, and what cannot be looked up is told under its field', async ({
    page,
    newShopper,
  }) => {
    await order(await newShopper({ javaScriptEnabled: false }))
    await openEvents(page)
    await expect(page.getByRole('link', { name: ADMIN.email })).toBeVisible()
    await page.getByRole('link', { name: 'Consumers' }).click()
    await expect(page.getByText(/^None\. Every event so far was handled/)).toBeVisible()
    await expect(page.getByRole('region', { name: 'Lag table' }).locator('tbody th')).toContainText([
      'alert_desk',
      'alert_mail',
      'alert_webhook',
      'alerts',
      'back_in_stock',
      'cart_return',
      'catalogue',
      'delivery',
      'inventory',
      'invitation_mail',
      'monitoring',
      'notification',
      'order_desk',
      'orders',
      'payment',
      'purchase_desk',
      'purchasing',
      'restock',
      'sales',
      'shipping',
      'signup_rows',
      'staff_acts',
      'stock_ledger',
      'supplier_orders',
    ])
    await page.getByRole('link', { name: 'Stream' }).click()

    await look(page, STUDS.sku.toLowerCase())
    await expect(page.getByRole('heading', { level: 2, name: `SKU ${STUDS.sku}` })).toBeVisible()
    await expect(fact(page, 'available')).toHaveText('1')
    await page.getByRole('link', { name: /^Back to #/ }).click()
    await expect(page.getByRole('heading', { level: 2, name: `SKU ${STUDS.sku}` })).toBeVisible()

    await look(page, STUDS.sku, 'soon')
    const at = lookUp(page).getByRole('textbox', { name: 'As of position' })
    await expect(at).toHaveAccessibleDescription(/^Enter a position of the log/)
    await expect(at).toHaveValue('soon')
    await look(page, 'V-00000000')
    const of = lookUp(page).getByRole('textbox', { name: 'Order number, SKU or #position' })
    await expect(of).toHaveAccessibleDescription('There is no order V-00000000.')
    await expect(page.getByRole('search', { name: 'Filter' })).toBeVisible()
  })
})
