/** The inventory beyond a single count: ledgers, sheets, files, and many SKUs at once. */
import { type Page } from '@playwright/test'
import { live, openInventory, order, signIn, STUDS, visit, Watch } from './steps.ts'
import { expect, test } from './shop.ts'

test.describe.configure({ timeout: 120_000 })

const LEDGER = `/admin/inventory/${STUDS.sku}`
const RING = 'AS-VEG-WG-50'

const movement = (page: Page, name: string) => page.getByRole('row').filter({ has: page.getByRole('rowheader', { name, exact: true }) })

/** Reaches a thing by Tab alone. */
async function tabTo(page: Page, target: ReturnType<Page['getByRole']>, most = 80): Promise<void> {
  await expect(target).toBeVisible()
  for (let tabs = 0; !(await target.evaluate(it => it === document.activeElement)); tabs++) {
    expect(tabs, 'Tabs').toBeLessThan(most)
    await page.keyboard.press('Tab')
  }
}

async function giveFile(page: Page, content: string): Promise<void> {
  await page.goto('/admin/inventory/import')
  const file = { name: 'counts.csv', mimeType: 'text/csv', buffer: Buffer.from(content) }
  await page.getByLabel('File', { exact: true }).setInputFiles(file)
  await page.getByRole('button', { name: 'Check the file' }).click()
}

test('a ledger tells of a sale and of a write-off while it is looked at', async ({ page, newShopper }) => {
  const other = await newShopper()
  await signIn(other)
  await visit(other, LEDGER)
  const watch = await Watch.from(other)
  await expect(movement(other, 'Counted')).toContainText('opening stock')
  await order(await newShopper({ javaScriptEnabled: false }))
  await expect(movement(other, 'Ordered')).toContainText(/V-/)

  await signIn(page)
  await visit(page, LEDGER)
  await tabTo(page, page.getByText('Write off', { exact: true }).first())
  await page.keyboard.press('Enter')
  await tabTo(page, page.getByRole('spinbutton', { name: 'Pieces' }))
  await page.keyboard.type('1')
  await tabTo(page, page.getByRole('textbox', { name: /^Note/ }))
  await page.keyboard.type('fell down')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('status').filter({ hasText: '1 piece of AS-LUM-WG-OS written off.' })).toBeVisible()
  await expect(movement(other, 'Written off')).toContainText('Broken: fell down')
  await expect(movement(other, 'Written off')).toContainText('\u22121')
  await watch.expectNoReload()
  // Of the two one is promised to the order, and the other is gone.
  await live(page)
  await page.getByText('Write off', { exact: true }).first().click()
  await page.getByRole('spinbutton', { name: 'Pieces' }).fill('1')
  await page.getByRole('button', { name: 'Write off' }).click()
  await expect(page.getByText(/so 0 are free/)).toBeVisible()
})

test('who fills in a sheet is told of what somebody else has counted meanwhile', async ({ page, newShopper }) => {
  const other = await newShopper()
  await signIn(page)
  await page.goto(`/admin/inventory/count?filter=${STUDS.sku}`)
  await expect(page).toHaveURL(/at=\d+/)
  await openInventory(other)
  await other.getByRole('button', { name: `Correct stock of ${STUDS.sku}` }).click()
  await other.getByRole('spinbutton', { name: 'Counted on hand' }).fill('5')
  await other.getByRole('button', { name: 'Save count' }).click()
  await expect(other.getByRole('status').filter({ hasText: 'corrected to 5' })).toBeVisible()
  await page.getByRole('spinbutton', { name: `Pieces of ${STUDS.sku} counted` }).fill('3')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('alert').filter({ hasText: '3 counted, not booked: somebody has counted it' })).toBeVisible()
  await page.getByRole('link', { name: 'New sheet' }).click()
  await page.getByRole('spinbutton', { name: `Pieces of ${STUDS.sku} counted` }).fill('3')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('status').filter({ hasText: '0 as expected, 1 corrected.' })).toBeVisible()
})

test('a file with a bad line changes nothing, and a good one moves every open page', async ({ page, newShopper }) => {
  const other = await newShopper()
  await openInventory(other)
  const watch = await Watch.from(other)
  await signIn(page)
  await giveFile(page, `sku,counted,threshold\n${STUDS.sku},nine,\n${RING},9,4\n`)
  await expect(page.getByRole('row').filter({ hasText: 'Line 2' })).toContainText('a whole number from 0')
  await expect(page.getByRole('button', { name: 'Import all of it' })).toHaveCount(0)
  await giveFile(page, `\uFEFFsku;counted;threshold\r\n${STUDS.sku};9;\r\n${RING};;4\r\n`)
  await page.getByRole('button', { name: 'Import all of it' }).click()
  await expect(page.locator('#import-said')).toContainText('Imported: 1 count, 1 of them another number')
  await expect(page.getByText(/1 of 1/)).toBeVisible()
  await expect(other.locator(`#sku-${STUDS.sku} [data-label="On hand"]`)).toHaveText('9')
  await watch.expectNoReload()
})

test('rows are chosen and changed by keyboard, and the address says what is shown', async ({ page }) => {
  await openInventory(page)
  await expect(page).toHaveURL(new RegExp(`filter=${STUDS.sku}`))
  await page.reload()
  await live(page)
  await expect(page.getByText(/^1 of \d+ SKUs$/)).toBeVisible()
  await tabTo(page, page.getByText('Change many', { exact: true }))
  await page.keyboard.press('Enter')
  await tabTo(page, page.getByRole('textbox', { name: 'Pieces' }))
  await page.keyboard.type('7')
  await tabTo(page, page.getByRole('checkbox', { name: `Choose ${STUDS.sku}` }))
  await page.keyboard.press('Space')
  await expect(page.getByRole('button', { name: 'Change 1 SKU' })).toBeVisible()
  await page.getByRole('textbox', { name: 'Pieces' }).focus()
  await page.keyboard.press('Enter')
  await expect(page.getByRole('status').filter({ hasText: 'The threshold of 1 SKU is set.' })).toBeVisible()
  await expect(page.locator(`#sku-${STUDS.sku} [data-label="Threshold"]`)).toHaveText('7')
})

test('sheets, files and changes of many work without script', async ({ newShopper }) => {
  const staff = await newShopper({ javaScriptEnabled: false })
  await signIn(staff)
  await staff.goto('/admin/inventory?filter=lumen')
  await staff.getByText('Change many', { exact: true }).click()
  await staff.getByRole('combobox', { name: 'What' }).selectOption('Add to the count')
  await staff.getByRole('textbox', { name: 'Pieces' }).fill('1')
  await staff.getByRole('checkbox', { name: `Choose ${STUDS.sku}` }).check()
  await staff.getByRole('button', { name: 'Change' }).click()
  await expect(staff.getByRole('status').filter({ hasText: 'The count of 1 SKU is set' })).toBeVisible()
  await giveFile(staff, `sku,counted\n${STUDS.sku},4\n`)
  await staff.getByRole('button', { name: 'Import all of it' }).click()
  await expect(staff.locator('#import-said')).toContainText('Imported: 1 count')
  await staff.goto(`/admin/inventory/count?filter=${STUDS.sku}`)
  await staff.getByRole('spinbutton', { name: `Pieces of ${STUDS.sku} counted` }).fill('4')
  await staff.getByRole('button', { name: 'Book counts' }).click()
  await expect(staff.getByRole('status').filter({ hasText: '1 as expected, 0 corrected.' })).toBeVisible()
})
