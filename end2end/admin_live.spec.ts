/** Pages of the admin that are fetched again while they are open: never under the hands of whoever works there. */
import { type Page } from '@playwright/test'
import { buy, CARD, expectConfirmed, signIn, visit } from './steps.ts'
import { expect, test } from './shop.ts'

/** Four pieces, and a rule with a threshold of two. */
const RING = { path: '/p/vega-solitaire-ring?variant=AS-VEG-WG-50', sku: 'AS-VEG-WG-50' }
const RESTOCK = `/admin/restock?q=${RING.sku}`

test.describe.configure({ timeout: 120_000 })

const row = (page: Page) => page.locator(`#restock-${RING.sku}`)
const note = (page: Page) => page.locator('[data-page-note]')

async function sell(shopper: Page): Promise<void> {
  await buy(shopper, CARD.accepted, RING.path)
  await expectConfirmed(shopper)
}

test('what is half typed stays when somebody else changes the page, and is fresh once it is saved', async ({
  page,
  newShopper,
}) => {
  const staff = await newShopper()
  await signIn(staff)
  await visit(staff, RESTOCK)
  await expect(row(staff)).toContainText('4 unsold')
  await row(staff).getByText('Rule', { exact: true }).click()
  const threshold = staff.getByRole('textbox', { name: /^Threshold/ })
  await threshold.fill('1')
  await sell(page)
  await expect(note(staff)).toHaveText('This page has changed. You see it when you are done here.')
  await expect(threshold).toHaveValue('1')
  await expect(threshold).toBeFocused()
  // Nor when the keyboard is elsewhere: what is typed is not saved yet.
  await staff.keyboard.press('Tab')
  await sell(page)
  await expect(staff.getByRole('textbox', { name: 'Up to' })).toBeFocused()
  await expect(threshold).toHaveValue('1')
  await expect(row(staff)).toContainText('4 unsold')
  await staff.getByRole('form', { name: `Rule of ${RING.sku}` }).getByRole('button', { name: 'Save' }).click()
  await expect(row(staff)).toContainText('2 unsold')
  await expect(note(staff)).toHaveText('')
  await expect(staff.locator(`#threshold-${RING.sku}`)).toHaveValue('1')
})

test('focus and scroll stay where they are when the page is renewed', async ({ page, newShopper }) => {
  const staff = await newShopper({ viewport: { width: 900, height: 500 } })
  await signIn(staff)
  await visit(staff, '/admin/restock?q=vega')
  // Without an id: found again by where it leads.
  const link = row(staff).getByRole('link').first()
  await link.focus()
  await link.scrollIntoViewIfNeeded()
  const scrolled = await staff.evaluate(() => window.scrollY)
  await sell(page)
  await expect(row(staff)).toContainText('3 unsold')
  await expect(link).toBeFocused()
  // What is low goes up in the list: the page itself does not move.
  expect(await staff.evaluate(() => window.scrollY)).toBe(scrolled)
  // What somebody has opened is left open, and what they close is renewed.
  const summary = staff.locator(`#open-rule-${RING.sku}`)
  await summary.press('Enter')
  await sell(page)
  await expect(note(staff)).toHaveText(/has changed/)
  await expect(row(staff)).toContainText('3 unsold')
  await summary.press('Enter')
  await expect(row(staff)).toContainText('2 unsold')
  await expect(summary).toBeFocused()
  await expect(note(staff)).toHaveText('')
})

test('a page that cannot be fetched says so and is not asked for all the time', async ({
  page,
  newShopper,
  noise,
}) => {
  noise.foresee(/Failed to load resource/)
  const staff = await newShopper()
  await signIn(staff)
  await visit(staff, RESTOCK)
  let asked = 0
  await staff.route('**/admin/restock*', async route => {
    asked++
    await route.abort()
  })
  await sell(page)
  await expect(note(staff)).toHaveText('This page may be old: it could not be fetched again.')
  // The next one is a matter of seconds, not of a blink.
  await sell(page)
  expect(asked).toBeLessThanOrEqual(3)
  await expect(row(staff)).toContainText('4 unsold')
  await staff.unroute('**/admin/restock*')
  await expect(row(staff)).toContainText('2 unsold', { timeout: 60_000 })
  await expect(note(staff)).toHaveText('')
})
