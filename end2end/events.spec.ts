import { type Page } from '@playwright/test'
import { buy, CARD, expectConfirmed, openInventory, order, signIn, STUDS } from './steps.ts'
import { ADMIN, expect, test } from './shop.ts'

const lookUp = (page: Page) => page.getByRole('form', { name: 'Look-up' })
const story = (page: Page) => page.getByRole('region', { name: 'What led there' }).getByRole('row')
const fact = (page: Page, name: string) =>
  page.locator('dl > div').filter({ has: page.getByRole('term').filter({ hasText: name }) }).getByRole('definition')

async function openEvents(page: Page): Promise<void> {
  await signIn(page)
  await page.getByRole('navigation', { name: 'Admin' }).getByRole('link', { name: 'Events' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Events' })).toBeVisible()
}

async function look(page: Page, of: string, at = ''): Promise<void> {
  await lookUp(page).getByRole('textbox', { name: 'Order number or SKU' }).fill(of)
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
  await expect(fact(page, 'status')).toHaveText('confirmed')
  await expect(story(page).getByRole('rowheader')).toHaveText([
    'order.placed',
    /^stock\.reserved \(caused by #\d+\)$/,
    /^payment\.requested \(caused by #\d+\)$/,
    /^payment\.authorized \(caused by #\d+\)$/,
    /^order\.confirmed \(caused by #\d+\)$/,
  ])
  await expect(story(page).nth(2)).toContainText(/inventory\+\d/)

  await story(page).filter({ hasText: 'order.placed' }).getByRole('link').click()
  await expect(fact(page, 'status')).toHaveText('being reserved')
  await expect(story(page).getByRole('rowheader')).toHaveText(['order.placed'])
  await page.getByRole('link', { name: 'Now', exact: true }).click()
  await expect(fact(page, 'status')).toHaveText('confirmed')
})

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false })

  test('a SKU is looked up, and what cannot be looked up is told under its field', async ({
    page,
    newShopper,
  }) => {
    await order(await newShopper({ javaScriptEnabled: false }))
    await openEvents(page)
    await expect(page.getByText(ADMIN.email)).toBeVisible()
    await expect(page.getByText(/^None\. Every event so far was handled/)).toBeVisible()
    await expect(page.getByRole('region', { name: 'Consumers' }).getByRole('rowheader')).toHaveText([
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
    const of = lookUp(page).getByRole('textbox', { name: 'Order number or SKU' })
    await expect(of).toHaveAccessibleDescription('There is no order V-00000000.')
    await expect(page.getByRole('heading', { name: 'Consumers' })).toBeVisible()
  })
})
