/** Parcels that a carrier brings: the built-in one, told by its control what happens. */
import { type Page } from '@playwright/test'
import { addToCart, buy, CARD, expectConfirmed, headline, live, signIn, Watch } from './steps.ts'
import { expect, type Shop, shot, test } from './shop.ts'

const KEY = 'the key of the carrier in the browser tests'

test.use({ shopEnv: { VITRINE_CARRIER_KEY: KEY, VITRINE_CARRIER_STEP_SECONDS: '0' } })

const state = (page: Page) => page.locator('.desk-order__head .order-state')
const parcels = (page: Page) => page.getByRole('region', { name: 'Parcels' })
const own = (page: Page) => page.getByRole('region', { name: /^Your parcels?$/ })

/** Tells the carrier something. */
async function tell(shop: Shop, path: string, body: object): Promise<void> {
  const address = /the built-in carrier listens.*address=(?:\u001b\[\d+m)*(\S+?)(?:\u001b|\s|$)/.exec(shop.output)?.[1]
  if (!address) throw new Error(`no carrier in ${shop.output}`)
  const answer = await fetch(`http://${address}/control/${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`)
}

const happens = (shop: Shop, number: string, status: string) => tell(shop, `shipments/${number}`, { status })

/** Opens the page of a shopper's order at the desk. */
async function openAtDesk(page: Page, shopper: Page): Promise<void> {
  const number = /V-[0-9A-Z]{8}/.exec(await shopper.title())?.[0] ?? ''
  await signIn(page)
  await page.goto('/admin/orders')
  await page.getByRole('link', { name: number }).click()
}

async function pack(page: Page): Promise<void> {
  await page.getByRole('form', { name: 'Pack a parcel' }).getByRole('button', { name: 'Pack' }).click()
}

async function buyLabel(page: Page, parcel: number): Promise<string> {
  await page.getByRole('button', { name: new RegExp(`^Buy a label of .* for parcel ${parcel}$`) }).click()
  const link = parcels(page).getByRole('link', { name: `label of parcel ${parcel} (PDF)` })
  await expect(link).toBeVisible()
  const told = await parcels(page).getByText(/VP\d{9}XX/).allInnerTexts()
  const numbers = [...told.join(' ').matchAll(/VP\d{9}XX/g)].map(match => match[0])
  return numbers.at(-1) ?? ''
}

test('a parcel with a label is followed live to the door, and its page tells the dates', async ({
  page,
  shop,
  newShopper,
}) => {
  test.slow()
  const shopper = await newShopper()
  await buy(shopper, CARD.accepted)
  await expectConfirmed(shopper)
  await openAtDesk(page, shopper)
  await live(page)
  const watch = await Watch.from(page)
  const followed = await Watch.from(shopper)
  await pack(page)
  const number = await buyLabel(page, 1)
  await shot(page, 'desk-label')
  const file = await page.request.get(
    (await parcels(page).getByRole('link', { name: /\(PDF\)$/ }).getAttribute('href')) ?? '',
  )
  expect(file.headers()['content-type']).toBe('application/pdf')

  await happens(shop, number, 'accepted')
  await expect(state(page)).toHaveText('shipped')
  await expect(headline(shopper, 'Your order is on its way')).toBeVisible()
  await happens(shop, number, 'in_transit')
  await expect(own(shopper)).toContainText('In transit since')
  await expect(parcels(page)).toContainText('In transit since')
  await shot(shopper, 'order-in-transit')
  const track = own(shopper).getByRole('link', { name: new RegExp(number) })
  const tracking = await newShopper()
  await tracking.goto((await track.getAttribute('href')) ?? '')
  await expect(tracking.getByRole('heading', { name: 'In transit' })).toBeVisible()
  await shot(tracking, 'carrier-tracking')
  await happens(shop, number, 'out_for_delivery')
  await expect(own(shopper)).toContainText('Out for delivery since')
  await happens(shop, number, 'delivered')
  await expect(headline(shopper, 'Your order has arrived')).toBeVisible()
  await expect(own(shopper)).toContainText('Delivered')
  await expect(state(page)).toHaveText('delivered')
  await watch.expectNoReload()
  await followed.expectNoReload()
})

test('of two parcels one arrives and one is lost', async ({ page, shop, newShopper, noise }) => {
  test.slow()
  noise.foresee(/status of 409.*api\/send_again/)
  const shopper = await newShopper()
  await addToCart(shopper)
  await buy(shopper, CARD.accepted)
  await expectConfirmed(shopper)
  await openAtDesk(page, shopper)
  await live(page)
  await page.getByRole('form', { name: 'Pack a parcel' }).getByRole('spinbutton').fill('1')
  await pack(page)
  const first = await buyLabel(page, 1)
  await happens(shop, first, 'in_transit')
  await expect(state(page)).toHaveText('shipped in part')
  await expect(headline(shopper, 'A part of your order is on its way')).toBeVisible()
  await pack(page)
  const second = await buyLabel(page, 2)
  await happens(shop, second, 'in_transit')
  await expect(state(page)).toHaveText('shipped')
  await happens(shop, first, 'delivered')
  await expect(own(shopper)).toContainText('Delivered')
  await happens(shop, second, 'lost')
  await expect(own(shopper)).toContainText('Reported lost')
  await expect(parcels(page)).toContainText('Lost')
  await expect(state(page)).toHaveText('lost')
  // There is no third pair to send again.
  await page.getByRole('button', { name: 'Send parcel 2 again' }).click()
  await expect(page.getByRole('alert')).toContainText('Free on the shelf are only 0 of 1')
  await page.getByRole('button', { name: 'Pay back parcel 2' }).click()
  await expect(state(page)).toHaveText('delivered')
  await expect(parcels(page)).toContainText('nobody waits for it any more')
})

test('a lost parcel is sent again, followed to the door, and money given back has a credit note', async ({
  page,
  shop,
  newShopper,
  noise,
}) => {
  test.slow()
  noise.foresee(/status of 422.*api\/correct_address/)
  const shopper = await newShopper()
  await buy(shopper, CARD.accepted)
  await expectConfirmed(shopper)
  await openAtDesk(page, shopper)
  await live(page)
  const watch = await Watch.from(page)
  await pack(page)
  await happens(shop, await buyLabel(page, 1), 'lost')
  await expect(state(page)).toHaveText('lost')
  await expect(headline(shopper, 'Your parcel was lost')).toBeVisible()
  await shot(page, 'desk-lost')
  await page.getByText('Correct the address…').click()
  await page.getByRole('textbox', { name: 'Street and number' }).fill('')
  await page.getByRole('button', { name: 'Correct it' }).click()
  await expect(page.getByText('Enter your street and number.').first()).toBeVisible()
  await page.getByRole('textbox', { name: 'Street and number' }).fill('Second Street 2')
  await page.getByRole('button', { name: 'Correct it' }).click()
  await expect(page.getByRole('region', { name: 'Customer' })).toContainText('Second Street 2')
  await page.getByRole('button', { name: 'Send parcel 1 again' }).click()
  await expect(state(page)).toHaveText('to be sent again')
  await expect(headline(shopper, 'Your parcel is sent again')).toBeVisible()
  await shot(page, 'desk-sent-again')
  const number = await buyLabel(page, 2)
  await happens(shop, number, 'in_transit')
  await expect(state(page)).toHaveText('on its way again')
  await expect(headline(shopper, 'Your order is on its way again')).toBeVisible()
  await expect(own(shopper)).toContainText('in place of parcel 1')
  await shot(shopper, 'order-sent-again')
  await happens(shop, number, 'delivered')
  await expect(headline(shopper, 'Your order has arrived')).toBeVisible()

  await page.getByText('Give money back…').click()
  await page.getByLabel(/^Amount, at most/).fill('25')
  await page.getByLabel(/^Reason/).fill('For the wait')
  await page.getByRole('button', { name: 'Give back' }).click()
  await shopper.getByRole('link', { name: 'Credit note' }).click()
  await expect(shopper.getByRole('heading', { name: /^Credit note CN-/ })).toBeVisible()
  await expect(shopper.getByRole('main')).toContainText('Refund: For the wait')
  await expect(shopper.getByRole('main')).toContainText('€25.00')
  await shot(shopper, 'credit-note')
  const file = await shopper.request.get((await shopper.getByRole('link', { name: 'PDF' }).getAttribute('href')) ?? '')
  expect(file.headers()['content-type']).toBe('application/pdf')
  await shopper.getByRole('link', { name: 'Back' }).click()
  await shopper.getByRole('link', { name: 'Invoice' }).click()
  await expect(shopper.getByRole('heading', { name: /^Invoice INV-/ })).toBeVisible()
  await expect(shopper.getByRole('main')).toContainText('19 % VAT included')
  await shot(shopper, 'invoice')
  await watch.expectNoReload()
})

test('while the carrier is down staff are told, and one label is bought once it is back', async ({
  page,
  shop,
  newShopper,
}) => {
  test.slow()
  const shopper = await newShopper()
  await buy(shopper, CARD.accepted)
  await expectConfirmed(shopper)
  await openAtDesk(page, shopper)
  await live(page)
  await pack(page)
  await tell(shop, 'faults', { mode: 'down' })
  await page.getByRole('button', { name: /^Buy a label/ }).click()
  await expect(parcels(page)).toContainText('was asked for a label')
  await expect(parcels(page)).toContainText('It has not answered yet. The shop asks again by itself')
  await shot(page, 'desk-label-waits')
  await tell(shop, 'faults', {})
  await expect(parcels(page).getByRole('link', { name: 'label of parcel 1 (PDF)' })).toBeVisible({ timeout: 20_000 })
  await expect(parcels(page).getByText(/VP\d{9}XX/)).toHaveCount(1)
  await page.getByRole('button', { name: 'Cancel label 1' }).click()
  await expect(parcels(page)).toContainText('Its label was given back.')
  await tell(shop, 'faults', { mode: 'unwilling', requests: 1 })
  await page.getByRole('button', { name: /^Buy a label/ }).click()
  await expect(parcels(page)).toContainText('No label: This carrier does not go there.')
})

test('without JavaScript a label is bought, printed and given back', async ({ shop, newShopper }) => {
  const shopper = await newShopper({ javaScriptEnabled: true })
  await buy(shopper, CARD.accepted)
  await expectConfirmed(shopper)
  const page = await newShopper({ javaScriptEnabled: false, viewport: { width: 390, height: 844 } })
  await openAtDesk(page, shopper)
  await pack(page)
  await page.getByRole('button', { name: /^Buy a label/ }).click()
  await expect(async () => {
    await page.reload()
    await expect(page.getByRole('link', { name: 'label of parcel 1 (PDF)' })).toBeVisible({ timeout: 500 })
  }).toPass()
  await page.getByRole('button', { name: 'Cancel label 1' }).click()
  await expect(async () => {
    await page.reload()
    await expect(page.getByText('Its label was given back.')).toBeVisible({ timeout: 500 })
  }).toPass()
  expect(shop.output).not.toContain(KEY)
})
