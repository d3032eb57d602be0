/** The admin's tables on every screen: nothing is cut, and a phone is not flooded. */
import { type Page } from '@playwright/test'
import { buy, CARD, expectConfirmed, openInventory, signIn } from './steps.ts'
import { expect, test } from './shop.ts'

/** Opens the inventory with all of its rows. */
async function openAll(page: Page): Promise<void> {
  await openInventory(page)
  await page.getByRole('searchbox').fill('')
  await expect(page.getByText(/^(\d{2,}) of \1 SKUs$/)).toBeVisible()
}

const rows = (page: Page) => page.locator('.stock-table tbody tr').filter({ visible: true })

test('the whole table stands in its column from tablet to desk', async ({ page }) => {
  await openAll(page)
  for (const width of [768, 834, 970, 1024, 1280, 1366, 1376, 1440, 1920]) {
    await page.setViewportSize({ width, height: 800 })
    const { column, table, wide } = await page.evaluate(() => {
      const right = (selector: string) => document.querySelector(selector)?.getBoundingClientRect().right ?? 0
      return {
        column: right('.inventory'),
        table: Math.max(
          right('.stock-table'),
          ...Array.from(document.querySelectorAll('.stock-table button'), b => b.getBoundingClientRect().right),
        ),
        wide: document.documentElement.scrollWidth - document.documentElement.clientWidth,
      }
    })
    expect.soft(table, `table at ${width} px`).toBeLessThanOrEqual(column + 0.5)
    expect.soft(wide, `page at ${width} px`).toBeLessThanOrEqual(0)
  }
})

test('a phone shows 25 rows at a time under the names of their products, sorted by a list', async ({ page }) => {
  await page.setViewportSize({ width: 390, height: 844 })
  await openAll(page)
  await expect(rows(page)).toHaveCount(25)
  const more = page.getByRole('button', { name: 'Show 25 more' })
  await more.click()
  await expect(rows(page)).toHaveCount(50)

  const named = () =>
    rows(page).evaluateAll(all => all.filter(row => (row.querySelector('th')?.offsetHeight ?? 0) > 1).length)
  expect(await named()).toBeLessThan(15)

  await page.getByRole('combobox', { name: 'Sort by' }).selectOption('Available, lowest first')
  await expect(rows(page).first().locator('.low-mark')).toHaveText('out')
  await page.getByRole('button', { name: /^Correct stock of/ }).first().click()
  await expect(page.getByRole('form', { name: /^Correction of/ })).toBeVisible()
})

test('without JavaScript a phone sorts and pages by plain forms', async ({ newShopper }) => {
  const page = await newShopper({ javaScriptEnabled: false, viewport: { width: 390, height: 844 } })
  await signIn(page)
  await expect(rows(page)).toHaveCount(25)
  await page.getByRole('combobox', { name: 'Sort by' }).selectOption('Available, lowest first')
  await page.getByRole('button', { name: 'Apply' }).click()
  await expect(rows(page).first().locator('.low-mark')).toHaveText('out')
  await page.getByRole('button', { name: 'Show 25 more' }).click()
  await expect(rows(page)).toHaveCount(50)
  await expect(rows(page).first().locator('.low-mark')).toHaveText('out')
})

test('the page about the log has the last orders, and says of a nonsense name that nothing is called so', async ({
  page,
  newShopper,
}) => {
  await openInventory(page)
  await page.goto('/admin/events')
  await expect(page.getByText('There is no order yet.', { exact: false })).toBeVisible()
  const shopper = await newShopper()
  await buy(shopper, CARD.accepted)
  await expectConfirmed(shopper)
  await page.reload()
  const first = page.getByRole('list', { name: /^Last orders/ }).getByRole('listitem').first()
  await expect(first).toContainText('1 piece, €420.00')
  await expect(first).toContainText('confirmed')

  await page.goto('/admin/events?of=HELLO')
  const of = page.getByRole('textbox', { name: 'Order number, SKU or #position' })
  await expect(of).toHaveAccessibleDescription('No order, SKU or event is called HELLO.')
  await first.getByRole('link', { name: /^V-/ }).click()
  await expect(page.getByRole('heading', { level: 2, name: /^Order V-/ })).toBeVisible()
  await expect(page.getByRole('term').filter({ hasText: 'status' }).first()).toBeVisible()
  await expect(page.getByRole('term').filter({ hasText: 'held until' })).toHaveCount(0)
})
