/** The orders of everybody, at the desk of the staff. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { type Page } from '@playwright/test'
import { buy, CARD, expectConfirmed, headline, live, reserve, SHOPPER, signIn, STUDS, visit, Watch } from './steps.ts'
import { ADMIN, expect, type Shop, test } from './shop.ts'

const rows = (page: Page) => page.locator('.orders-table tbody tr')
const tab = (page: Page, name: string) =>
  page.getByRole('navigation', { name: 'Orders by state' }).getByRole('link', { name: new RegExp(`^${name} `) })
const others = (page: Page) => page.locator('.desk-order__others')
const state = (page: Page) => page.locator('.desk-order__head .order-state')

async function openOrders(page: Page, path = '/admin/orders'): Promise<void> {
  await signIn(page)
  await expect(page).toHaveURL('/admin/inventory')
  await page.goto(path)
  await expect(page.getByRole('heading', { name: 'Orders', level: 1 })).toBeVisible()
}

/** The number of the order whose page a shopper has open. */
async function numberOf(shopper: Page): Promise<string> {
  const title = await shopper.title()
  const number = /V-[0-9A-Z]{8}/.exec(title)?.[0]
  if (!number) throw new Error(`no order number in ${title}`)
  return number
}

/** Another member of staff, by the command line. */
async function colleague(shop: Shop, email: string): Promise<string> {
  const { stdout } = await promisify(execFile)(
    process.env['VITRINE_SERVER_BIN'] ?? '',
    ['--data-dir', shop.dataDir, 'staff', 'password', email, '--role', 'owner'],
    { cwd: shop.dataDir },
  )
  const password = /signs in with (\S+)/.exec(stdout)?.[1]
  if (!password) throw new Error(stdout)
  return password
}

async function signInAs(page: Page, email: string, password: string): Promise<void> {
  await page.goto('/admin/sign-in')
  await page.getByRole('textbox', { name: 'Email' }).fill(email)
  await page.getByRole('textbox', { name: 'Password' }).fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await expect(page.getByRole('banner').getByText(email)).toBeVisible()
}

test('an order comes into the open list, moves there, is opened, written about, found and printed', async ({
  page,
  newShopper,
}) => {
  test.slow()
  await openOrders(page, '/admin/orders?tab=unpaid')
  await live(page)
  await expect(page.getByText('There is no such order.')).toBeVisible()
  const watch = await Watch.from(page)

  const shopper = await newShopper()
  await buy(shopper, CARD.declined)
  await expect(headline(shopper, 'Your card was declined')).toBeVisible()
  const number = await numberOf(shopper)
  const row = rows(page).filter({ hasText: number })
  await expect(row).toContainText('awaiting payment')
  await expect(row).toContainText(SHOPPER['Full name'])
  await expect(row).toContainText('€420.00')
  await expect(tab(page, 'Not paid')).toHaveText('Not paid 1')

  await shopper.getByRole('textbox', { name: 'Card number' }).fill(CARD.accepted)
  await shopper.getByRole('textbox', { name: 'Expiry date' }).fill('12 / 40')
  await shopper.getByRole('textbox', { name: 'Security code' }).fill('123')
  await shopper.getByRole('button', { name: /^Pay €/ }).click()
  await expectConfirmed(shopper)
  await expect(row).toContainText('confirmed')
  await expect(tab(page, 'Not paid')).toHaveText('Not paid 0')
  await expect(tab(page, 'To pack')).toHaveText('To pack 1')
  await watch.expectNoReload()

  await row.getByRole('link', { name: number }).click()
  await expect(page.getByRole('heading', { level: 1, name: `Order ${number}` })).toBeVisible()
  await live(page)
  const customer = page.getByRole('region', { name: 'Customer' })
  await expect(customer).toContainText('12 St James Square')
  await expect(page.getByRole('region', { name: 'Payments' })).toContainText('declined: card declined')
  await expect(page.getByRole('table', { name: /^What led there/ })).toContainText('order.confirmed')

  const open = await Watch.from(page)
  await page.getByRole('textbox', { name: 'New note' }).fill('Rang her: Friday is fine.')
  await page.getByRole('button', { name: 'Add note' }).click()
  await expect(page.getByRole('region', { name: 'Notes' }).getByRole('listitem')).toContainText([
    'Rang her: Friday is fine.',
  ])
  await expect(page.getByRole('textbox', { name: 'New note' })).toHaveValue('')
  await open.expectNoReload()

  await page.goto('/admin/orders')
  for (const search of [number, number.slice(0, 5), 'ADA@', 'lovel', STUDS.sku]) {
    await page.getByRole('searchbox').fill(search)
    await page.getByRole('button', { name: 'Search' }).click()
    await expect(page).toHaveURL(/search=/)
    await expect(rows(page).filter({ hasText: number })).toBeVisible()
  }
  await page.getByRole('searchbox').fill('nobody')
  await page.getByRole('button', { name: 'Search' }).click()
  await expect(page.getByText('No order matches.')).toBeVisible()
  await page.getByRole('link', { name: 'Clear' }).click()

  await page.goto('/admin/orders')
  await page.getByRole('checkbox', { name: `Choose ${number}` }).check()
  await page.getByRole('button', { name: 'Print slips of those chosen' }).click()
  await expect(page.getByRole('heading', { name: `Packing slip ${number}` })).toBeVisible()
  await page.emulateMedia({ media: 'print' })
  await expect(page.getByRole('link', { name: 'Back' })).toBeHidden()
  await expect(page.getByText('12 St James Square')).toBeVisible()
  await page.emulateMedia({ media: 'screen' })
  const pdf = await page.request.get((await page.getByRole('link', { name: 'PDF' }).getAttribute('href')) ?? '')
  expect(pdf.headers()['content-type']).toBe('application/pdf')
  expect((await pdf.body()).subarray(0, 5).toString()).toBe('%PDF-')
})

test('a corrected address is on the open page of its order at once', async ({ page, newShopper }) => {
  test.slow()
  const shopper = await newShopper()
  await buy(shopper, CARD.accepted)
  await expectConfirmed(shopper)
  const number = await numberOf(shopper)
  const address = shopper.locator('address').first()
  await expect(address).toContainText('12 St James Square')
  await live(shopper)
  const watch = await Watch.from(shopper)

  await openOrders(page)
  await rows(page).filter({ hasText: number }).getByRole('link', { name: number }).click()
  await live(page)
  await page.getByText('Correct the address').click()
  const form = page.getByRole('form', { name: 'Correct the address' })
  await form.getByRole('textbox', { name: 'Street and number' }).fill('14 St James Square')
  await form.getByRole('button', { name: 'Correct it' }).click()
  await expect(address).toContainText('14 St James Square')
  await expect(page.getByRole('region', { name: 'Customer' })).toContainText('14 St James Square')
  await watch.expectNoReload()
})

test('of two who have an order open each is told live of the other, and neither stands in the way', async ({
  page,
  shop,
  newShopper,
}) => {
  test.slow()
  const shopper = await newShopper()
  await buy(shopper, CARD.accepted)
  await expectConfirmed(shopper)
  const number = await numberOf(shopper)
  await openOrders(page)
  await page.getByRole('link', { name: number }).click()
  await live(page)
  await expect(others(page)).toBeEmpty()

  const email = 'bo@aurel-stone.example'
  const other = await newShopper()
  await signInAs(other, email, await colleague(shop, email))
  await other.goto(page.url())
  await live(other)
  await expect(others(other)).toContainText(`${ADMIN.email} is on this order, too, since`)
  await expect(others(page)).toContainText(`${email} is on this order, too, since`)

  // What one writes down the other reads, without losing what they are typing.
  await page.getByRole('textbox', { name: 'New note' }).fill('half a sent')
  await other.getByRole('textbox', { name: 'New note' }).fill('I pack this one.')
  await other.getByRole('button', { name: 'Add note' }).click()
  await expect(page.getByRole('region', { name: 'Notes' })).toContainText('I pack this one.')
  await expect(page.getByRole('textbox', { name: 'New note' })).toHaveValue('half a sent')
  await expect(state(page)).toHaveText('confirmed')

  await other.close()
  await expect(others(page)).toBeEmpty()
})

test('staff pack, send and give money back, and the shopper sees each step as it happens', async ({
  page,
  newShopper,
  noise,
}) => {
  test.slow()
  noise.foresee(/status of 422.*api\/ship_order/)
  const shopper = await newShopper()
  await buy(shopper, CARD.accepted)
  await expectConfirmed(shopper)
  await openOrders(page)
  await page.getByRole('link', { name: await numberOf(shopper) }).click()
  await live(page)
  const watch = await Watch.from(page)
  await page.getByRole('form', { name: 'Pack a parcel' }).getByRole('button', { name: 'Pack' }).click()
  await expect(state(page)).toHaveText('packed')
  const send = page.getByRole('form', { name: 'Send parcel 1' })
  await send.getByRole('textbox', { name: 'Tracking number' }).fill('<not a number>')
  await send.getByRole('button', { name: 'Send parcel 1' }).click()
  await expect(page.getByRole('alert').filter({ hasText: 'tracking number' })).toBeVisible()
  await send.getByRole('textbox', { name: 'Tracking number' }).fill('JD 014-6')
  await send.getByRole('button', { name: 'Send parcel 1' }).click()
  await expect(state(page)).toHaveText('shipped')
  await expect(shopper.getByText('JD 014-6')).toBeVisible()
  await page.getByRole('button', { name: 'Delivered: parcel 1' }).click()
  await expect(state(page)).toHaveText('delivered')

  await page.getByText('Give money back\u2026').click()
  const refund = page.getByRole('form', { name: 'Give money back' })
  await refund.getByRole('textbox', { name: /^Amount/ }).fill('20')
  await refund.getByRole('textbox', { name: /^Reason/ }).fill('A scratch')
  await refund.getByRole('button', { name: 'Give back' }).click()
  await expect(page.getByRole('region', { name: 'Payments' })).toContainText('Given back€20.00')
  await watch.expectNoReload()
})

test('a command from a page that is not true any more is refused with what has changed', async ({
  page,
  newShopper,
  noise,
}) => {
  test.slow()
  noise.foresee(/status of 409/)
  const shopper = await newShopper()
  await buy(shopper, CARD.accepted)
  await expectConfirmed(shopper)
  const number = await numberOf(shopper)
  const stale = await newShopper({ javaScriptEnabled: false })
  await openOrders(stale)
  await stale.getByRole('link', { name: number }).click()

  await openOrders(page)
  await page.getByRole('link', { name: number }).click()
  await live(page)
  await page.getByRole('button', { name: 'Pack', exact: true }).click()
  await expect(state(page)).toHaveText('packed')

  await stale.getByText('Cancel order\u2026').click()
  await stale.getByRole('button', { name: 'Yes, cancel it' }).click()
  await expect(stale.getByRole('alert')).toContainText('The order has changed meanwhile')
  await expect(stale.getByRole('alert')).toContainText('parcel 1')
  await expect(state(page)).toHaveText('packed')
  // Having looked again they may.
  await stale.getByText('Cancel order\u2026').click()
  await stale.getByRole('button', { name: 'Yes, cancel it' }).click()
  await expect(state(page)).toHaveText('cancelled')
})

test('without JavaScript staff list, search, open, write a note and print', async ({ newShopper }) => {
  await reserve(await newShopper({ javaScriptEnabled: false }))
  const page = await newShopper({ javaScriptEnabled: false, viewport: { width: 390, height: 844 } })
  await openOrders(page)
  await expect(page.getByText('Nothing is waiting to be packed.')).toBeVisible()
  await tab(page, 'Not paid').click()
  await expect(rows(page)).toHaveCount(1)
  await page.getByRole('searchbox').fill('lovelace')
  await page.getByRole('button', { name: 'Search' }).click()
  await expect(rows(page)).toHaveCount(1)
  await rows(page).getByRole('link', { name: /^V-/ }).click()
  await page.getByRole('textbox', { name: 'New note' }).fill('Written without a script.')
  await page.getByRole('button', { name: 'Add note' }).click()
  await expect(page.getByText('Written without a script.')).toBeVisible()
  // Nothing is packed before it is paid for.
  const slips = page.getByRole('link', { name: 'Packing slips', exact: true })
  await expect(slips).toHaveCount(0)
  const shopper = await newShopper()
  await buy(shopper, CARD.accepted)
  await expectConfirmed(shopper)
  await page.goto('/admin/orders')
  await rows(page).getByRole('link', { name: /^V-/ }).click()
  await slips.click()
  await expect(page.getByRole('heading', { name: /^Packing slip V-/ })).toBeVisible()
})

test('the list and an order fit every screen from phone to desk', async ({ page, newShopper }) => {
  await reserve(await newShopper({ javaScriptEnabled: false }))
  await openOrders(page, '/admin/orders?tab=unpaid')
  await live(page)
  const fits = async (name: string) => {
    for (const width of [320, 390, 768, 1024, 1440]) {
      await page.setViewportSize({ width, height: 900 })
      const wide = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      )
      expect.soft(wide, `${name} at ${width} px`).toBeLessThanOrEqual(0)
    }
  }
  await fits('list')
  // Every column is there to be read, on a phone, too.
  await page.setViewportSize({ width: 390, height: 844 })
  for (const text of [/^V-/, SHOPPER['Full name'], SHOPPER.Email, '€420.00', 'awaiting payment']) {
    await expect(rows(page).getByText(text).first()).toBeInViewport()
  }
  await rows(page).getByRole('link', { name: /^V-/ }).click()
  await live(page)
  await fits('order')
  // What is not paid for has no invoice.
  const shopper = await newShopper()
  await buy(shopper, CARD.accepted)
  await expectConfirmed(shopper)
  await visit(page, '/admin/orders')
  await rows(page).getByRole('link', { name: /^V-/ }).click()
  await page.getByRole('link', { name: 'Invoice' }).click()
  await fits('invoice')
  await page.goto('/admin/print/pick-list')
  await fits('pick list')
})
