import { type Page } from '@playwright/test'
import { availability, openInventory, order, signIn, STUDS, Watch } from './steps.ts'
import { ADMIN, expect, test } from './shop.ts'

const row = (page: Page) =>
  page.getByRole('row').filter({ has: page.getByRole('cell', { name: STUDS.sku, exact: true }) })
const events = (page: Page) => page.getByRole('list', { name: 'Last events' }).getByRole('listitem')

/** On hand, allocated and available of the one row. */
async function expectLevel(page: Page, onHand: number, allocated: number): Promise<void> {
  const cell = (label: string) => row(page).locator(`[data-label="${label}"]`)
  await expect(cell('On hand')).toHaveText(`${onHand}`)
  await expect(cell('Allocated')).toHaveText(`${allocated}`)
  await expect(cell('Available')).toHaveText(new RegExp(`^${onHand - allocated}(low|out)?$`))
}

async function correct(page: Page, onHand: number, reason: string): Promise<void> {
  const form = page.getByRole('form', { name: `Correction of ${STUDS.sku}` })
  if (!(await form.isVisible())) {
    await page.getByRole('button', { name: `Correct stock of ${STUDS.sku}` }).click()
  }
  await form.getByRole('spinbutton', { name: 'Counted on hand' }).fill(`${onHand}`)
  await form.getByRole('textbox', { name: 'Reason' }).fill(reason)
  await form.getByRole('button', { name: 'Save count' }).click()
}

test('somebody who is not signed in is sent to the sign-in', async ({ page }) => {
  for (const path of ['/admin', '/admin/inventory']) {
    await page.goto(path)
    await expect(page).toHaveURL('/admin/sign-in')
    await expect(page.getByRole('heading', { name: 'Staff sign-in' })).toBeVisible()
  }
})

test('a wrong password is refused with a message, the right one opens the inventory', async ({ page }) => {
  await signIn(page, 'not the passphrase')
  await expect(page.getByRole('alert')).toHaveText('The email or the password is not right.')
  await page.goto('/admin/inventory')
  await expect(page).toHaveURL('/admin/sign-in')

  await signIn(page)
  await expect(page).toHaveURL('/admin/inventory')
  await expect(page.getByRole('banner').getByText(ADMIN.email)).toBeVisible()

  await page.getByRole('button', { name: 'Sign out' }).click()
  await expect(page).toHaveURL('/admin/sign-in')
  await page.goto('/admin/inventory')
  await expect(page).toHaveURL('/admin/sign-in')
})

test('a corrected count shows on the open page of a shopper and in the stream of events', async ({
  page,
  newShopper,
}) => {
  const shopper = await newShopper()
  const shopperWatch = await Watch.open(shopper, STUDS.path)
  await expect(availability(shopper)).toHaveText('2 left')

  await openInventory(page)
  const watch = await Watch.from(page)
  await expectLevel(page, 2, 0)
  await correct(page, 4, 'found two behind the safe')
  await expect(
    page.getByRole('status').filter({ hasText: `Stock of ${STUDS.sku} corrected to 4. 4 available.` }),
  ).toBeVisible()
  await expectLevel(page, 4, 0)
  await expect(events(page).filter({ hasText: '4 on hand (+2): found two behind the safe' })).toBeVisible()
  await watch.expectNoReload()

  await expect(availability(shopper)).toHaveText('4 left')
  await shopperWatch.expectOnlyTheSocket()
})

test('the table and the stream of events move when a shopper buys', async ({ page, newShopper }) => {
  await openInventory(page)
  const watch = await Watch.from(page)
  await expectLevel(page, 2, 0)
  await order(await newShopper({ javaScriptEnabled: false }))
  await expectLevel(page, 2, 1)
  await expect(events(page).filter({ hasText: '1 piece, €420.00' })).toBeVisible()
  await expect(events(page).filter({ hasText: `reserved 1 × ${STUDS.sku}` })).toBeVisible()
  await watch.expectNoReload()
})

test('a paused stream of events holds still until it goes on', async ({ page, newShopper }) => {
  await openInventory(page)
  const reserved = events(page).filter({ hasText: `reserved 1 × ${STUDS.sku}` })
  await page.getByRole('button', { name: 'Pause' }).click()
  await order(await newShopper({ javaScriptEnabled: false }))
  await expectLevel(page, 2, 1)
  await expect(reserved).toHaveCount(0)
  await page.getByRole('button', { name: 'Pause' }).click()
  await expect(reserved).toBeVisible()
})

test('of two who correct one SKU the second is told, sees the number and decides', async ({
  page,
  newShopper,
  noise,
}) => {
  noise.foresee(/status of 409.*api\/correct_stock/)
  const other = await newShopper()
  await openInventory(page)
  await openInventory(other)
  await page.getByRole('button', { name: `Correct stock of ${STUDS.sku}` }).click()
  await correct(other, 5, 'counted by the other')
  await expectLevel(page, 5, 0)

  await correct(page, 3, 'counted here')
  const form = page.getByRole('form', { name: `Correction of ${STUDS.sku}` })
  await expect(form.getByRole('alert')).toHaveText(/corrected .* to 5 meanwhile; your 3 is not saved/)
  await expectLevel(page, 5, 0)
  await correct(page, 3, 'counted here, once more')
  await expectLevel(page, 3, 0)
  await expectLevel(other, 3, 0)
})

test('a count below what is promised to orders is refused and says why', async ({
  page,
  newShopper,
  noise,
}) => {
  noise.foresee(/status of (409|422).*api\/correct_stock/)
  await order(await newShopper({ javaScriptEnabled: false }))
  await openInventory(page)
  await expectLevel(page, 2, 1)

  await correct(page, 0, 'empty box')
  const form = page.getByRole('form', { name: `Correction of ${STUDS.sku}` })
  await expect(form.getByRole('alert')).toHaveText(/Orders were promised \d+, so 0 cannot be on hand/)
  await expect(form.getByRole('textbox', { name: 'Reason' })).toHaveValue('empty box')
  await expectLevel(page, 2, 1)

  await correct(page, -3, 'typed too fast')
  await expect(form.getByRole('spinbutton')).toHaveAttribute('aria-invalid', 'true')
  await expect(form.getByRole('alert')).not.toBeEmpty()
  await expectLevel(page, 2, 1)
})
