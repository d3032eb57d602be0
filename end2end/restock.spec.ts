/** Shelves that refill themselves: what is sold is ordered, and what comes is in the shop without a reload. */
import { type Page } from '@playwright/test'
import { availability, buy, CARD, expectConfirmed, live, signIn, visit, Watch } from './steps.ts'
import { expect, test } from './shop.ts'

/** Four pieces and a threshold of two, ordered of Atelier du Marais. */
const RING = { path: '/p/vega-solitaire-ring?variant=AS-VEG-WG-50', sku: 'AS-VEG-WG-50' }

test.describe.configure({ timeout: 120_000 })

/** How many alerts the navigation counts. */
const counted = (page: Page) => page.getByRole('link', { name: /^Alerts \d+ open$/ })

async function openPurchases(page: Page): Promise<void> {
  await signIn(page)
  await visit(page, '/admin/purchase-orders')
}

async function twoAreSold(page: Page): Promise<void> {
  for (let sold = 0; sold < 2; sold++) {
    await buy(page, CARD.accepted, RING.path)
    await expectConfirmed(page)
  }
}

test('two are sold, an order is drafted beside an alert, and what comes is there for everybody', async ({
  page,
  newShopper,
}) => {
  const [staff, watcher, onlooker] = [await newShopper(), await newShopper(), await newShopper()]
  await openPurchases(staff)
  await signIn(watcher)
  await visit(watcher, '/admin/alerts')
  await expect(watcher.getByText('Nothing waits for anybody.')).toBeVisible()
  await visit(onlooker, RING.path)
  const [list, alerts, shop] = [await Watch.from(staff), await Watch.from(watcher), await Watch.from(onlooker)]
  await twoAreSold(page)
  await expect(staff.getByRole('link', { name: /^PO-/ })).toBeVisible()
  await expect(counted(staff)).toHaveText('Alerts 1 open')
  await expect(watcher.getByRole('link', { name: `Stock is low: ${RING.sku}` })).toBeVisible()
  await list.expectNoReload()
  await alerts.expectNoReload()

  await staff.getByRole('link', { name: /^PO-/ }).click()
  await live(staff)
  const state = staff.locator('#purchase-state')
  await staff.getByRole('spinbutton', { name: new RegExp(RING.sku) }).fill('5')
  await staff.getByRole('button', { name: 'Save quantities' }).click()
  await staff.getByRole('button', { name: 'Approve' }).click()
  await expect(state).toHaveText('Approved')
  await live(staff)
  await staff.getByRole('button', { name: 'Send to the supplier' }).click()
  await expect(state).toHaveText('Sent')
  await staff.getByRole('spinbutton', { name: new RegExp(RING.sku) }).fill('3')
  await staff.getByRole('button', { name: 'Receive' }).click()
  await expect(state).toHaveText('Received in part')
  await expect(availability(onlooker)).toContainText('5')
  await staff.getByRole('button', { name: 'Receive' }).click()
  await expect(state).toHaveText('Closed')
  // Of more than a few nobody is told the number.
  await expect(availability(onlooker)).toHaveText('In stock')
  await shop.expectNoReload()
  // There is enough again: the alert ended by itself.
  await expect(watcher.getByText('Nothing waits for anybody.')).toBeVisible()
  await expect(counted(watcher)).toHaveText('Alerts 0 open')
  await alerts.expectNoReload()
})

test('an order is approved, given to the supplier and received by keyboard alone', async ({ page, newShopper }) => {
  const staff = await newShopper()
  await openPurchases(staff)
  await twoAreSold(page)
  const press = async (name: string | RegExp, role: 'button' | 'link' = 'button') => {
    const target = staff.getByRole(role, { name })
    await expect(target).toBeVisible()
    for (let tabs = 0; !(await target.evaluate(it => it === document.activeElement)); tabs++) {
      expect(tabs, `Tabs to ${name}`).toBeLessThan(60)
      await staff.keyboard.press('Tab')
    }
    await staff.keyboard.press('Enter')
  }
  await press(/^PO-/, 'link')
  await staff.waitForURL(/purchase-orders\/./)
  const state = staff.locator('#purchase-state')
  await press('Approve')
  await expect(state).toHaveText('Approved')
  await press('Mark as sent')
  await expect(state).toHaveText('Sent')
  await press('Receive')
  await expect(state).toHaveText('Closed')
})

test('rules and alerts work without script', async ({ newShopper }) => {
  const staff = await newShopper({ javaScriptEnabled: false })
  await signIn(staff)
  await staff.goto(`/admin/restock?q=${RING.sku}&edit=1`)
  const rule = staff.getByRole('form', { name: `Rule of ${RING.sku}` })
  await rule.getByRole('textbox', { name: /^Threshold/ }).fill('4')
  await rule.getByRole('button', { name: 'Save' }).click()
  // There are four: now they are too few.
  await staff.goto('/admin/alerts')
  await staff.getByRole('button', { name: `Acknowledge: Stock is low ${RING.sku}` }).click()
  await expect(staff.getByText(/^Acknowledged, since/)).toBeVisible()
  await staff.getByRole('button', { name: `Resolve: Stock is low ${RING.sku}` }).click()
  await expect(staff.getByText('Nothing waits for anybody.')).toBeVisible()
})
