/** The page of today: what is sold stands there as it happens. */
import { type Page } from '@playwright/test'
import { buy, CARD, expectConfirmed, live, signIn, visit, Watch } from './steps.ts'
import { expect, test } from './shop.ts'

const RING = { path: '/p/vega-solitaire-ring?variant=AS-VEG-WG-50', sku: 'AS-VEG-WG-50' }

/** The number in large below a name. */
const number = (page: Page, name: string) => page.locator(`#key-${name} .today__number`)

test('a shopper pays, and the page of today follows without a reload', async ({ page, newShopper }) => {
  const staff = await newShopper()
  await signIn(staff)
  await visit(staff, '/admin/today')
  await expect(number(staff, 'orders')).toHaveText('0')
  await expect(staff.getByText('Nothing was sold yet.')).toBeVisible()
  const watch = await Watch.from(staff)
  await buy(page, CARD.accepted, RING.path)
  await expectConfirmed(page)
  await expect(number(staff, 'orders')).toHaveText('1')
  await expect(number(staff, 'sold')).toHaveText('€2,490.00')
  await expect(number(staff, 'conversion')).toHaveText('100 %')
  await expect(staff.locator(`#best-${RING.sku}`)).toContainText('1 piece')
  // The table follows as well, while somebody reads it.
  const total = staff.getByRole('row', { name: /^In all/ })
  await expect(total).toContainText('€2,490.00')
  await staff.getByRole('region', { name: 'The numbers' }).focus()
  await buy(page, CARD.accepted, RING.path)
  await expectConfirmed(page)
  await expect(number(staff, 'orders')).toHaveText('2')
  await expect(total).toContainText('€4,980.00')
  await expect(staff.getByRole('region', { name: 'The numbers' })).toBeFocused()
  await watch.expectNoReload()
})

test('by keyboard alone one looks further back, and the address says how far', async ({ page }) => {
  await signIn(page)
  await visit(page, '/admin/today')
  await live(page)
  const year = page.getByRole('link', { name: '12 months' })
  await year.focus()
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/\/admin\/today\?span=year$/)
  await expect(page.getByRole('heading', { name: 'Sold per month' })).toBeVisible()
  // A head, twelve months and what they come to.
  await expect(page.getByRole('region', { name: 'The numbers' }).getByRole('row')).toHaveCount(14)
})

test('without script the page is there as well', async ({ newShopper }) => {
  const page = await newShopper({ javaScriptEnabled: false })
  await signIn(page)
  await page.goto('/admin/today?span=hour')
  await expect(page.getByRole('img', { name: /^Sold per minute/ })).toBeVisible()
  await expect(page.getByRole('heading', { name: 'Stock at risk' })).toBeVisible()
})
