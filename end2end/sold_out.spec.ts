/** Pieces that go while somebody is about to order them. */
import { type Locator, type Page } from '@playwright/test'
import {
  addToCart,
  CARD,
  expectConfirmed,
  fillAddress,
  fillCard,
  headline,
  order,
  SHOPPER,
  STUDS,
  visit,
} from './steps.ts'
import { expect, test } from './shop.ts'

/** Somebody else buys both pieces. */
async function sellOut(newShopper: (options: object) => Promise<Page>): Promise<void> {
  const other = await newShopper({ javaScriptEnabled: false })
  await order(other)
  await order(other)
}

/** Where it stands on the page: the window may still be scrolling. */
function placeOf(element: Locator): Promise<object> {
  return element.evaluate(element => {
    const { x, y, width, height } = element.getBoundingClientRect()
    return { x: x + scrollX, y: y + scrollY, width, height }
  })
}

const RING = '/p/vega-solitaire-ring'

/** What the checkout holds does not go: only after its time. */
test.use({ shopEnv: { VITRINE_HOLD_SECONDS: '1' } })
const noLongerHeld = (page: Page) =>
  expect(page.getByText(/^Your pieces are not held any more/)).toBeVisible()

test('in the checkout a piece that goes is told at the button, which then takes it out', async ({
  page,
  newShopper,
}) => {
  await addToCart(page)
  await addToCart(page, RING)
  await visit(page, '/checkout')
  await fillAddress(page)
  await fillCard(page, CARD.accepted)
  const pay = page.getByRole('button', { name: /^Pay €/ })
  await expect(pay).toBeVisible()
  await noLongerHeld(page)
  const before = await placeOf(pay)
  await sellOut(newShopper)
  const update = page.getByRole('button', { name: 'Update order' })
  await expect(update).toBeVisible()
  await expect(page.getByText(`${STUDS.title}, White gold`)).toContainText('sold out')
  await expect(pay).toHaveCount(0)
  expect(await placeOf(update), 'the button stands where it stood').toEqual(before)
  await update.click()
  await expect(pay).toBeVisible()
  await expect(page.getByRole('button', { name: /^Pay €2,/ })).toBeVisible()
  await expect(page.getByRole('textbox', { name: 'City' })).toHaveValue(SHOPPER.City)
  await pay.click()
  await expectConfirmed(page)
})

test('in the cart a piece that goes disarms the checkout until the cart is updated', async ({
  page,
  newShopper,
}) => {
  await addToCart(page)
  await addToCart(page, RING)
  await visit(page, '/cart')
  await sellOut(newShopper)
  const main = page.getByRole('main')
  await expect(main.getByRole('link', { name: 'Checkout' })).toHaveCount(0)
  await expect(main.getByRole('status').or(page.getByRole('status'))).toContainText(/sold out/i)
  await main.getByRole('button', { name: 'Update order' }).click()
  await expect(main.getByRole('link', { name: 'Checkout' })).toBeVisible()
  await expect(main.getByRole('spinbutton')).toHaveCount(1)
  await expect(page.getByRole('link', { name: 'Cart 1 piece' })).toBeVisible()
})

test('without script the update keeps what was typed', async ({ page, newShopper }) => {
  const plain = await newShopper({ javaScriptEnabled: false })
  for (const path of [STUDS.path, RING]) {
    await plain.goto(path)
    await plain.getByRole('button', { name: 'Add to cart' }).click()
  }
  await sellOut(newShopper)
  await page.goto('/')
  await plain.goto('/checkout')
  await fillAddress(plain)
  await plain.getByRole('button', { name: 'Update order' }).click()
  await expect(plain.getByRole('alert')).toContainText('Your order was updated')
  await expect(plain.getByRole('textbox', { name: 'City' })).toHaveValue(SHOPPER.City)
  await expect(plain.getByRole('button', { name: 'Pay on the next page' })).toBeVisible()
})

test('a rejected order gives its cart back, and the rest is ordered in one press', async ({
  page,
  newShopper,
}) => {
  await addToCart(page)
  await addToCart(page, RING)
  await addToCart(page, '/p/grotto-emerald-drops')
  await visit(page, '/checkout')
  await fillAddress(page)
  await fillCard(page, CARD.accepted)
  await noLongerHeld(page)
  // The order is on its way when the last pieces go.
  let release = () => {}
  const held = new Promise<void>(resolve => (release = resolve))
  await page.route('**/api/place_order*', async route => {
    await held
    await route.continue()
  })
  await page.getByRole('button', { name: /^Pay €/ }).click()
  await sellOut(newShopper)
  release()
  await page.waitForURL(/\/orders\//)
  await expect(headline(page, 'Not every piece is still there')).toContainText('in your cart again')
  await expect(page).toHaveTitle(/^Sold out – V-/)
  await expect(page.getByRole('main').getByText(`${STUDS.title}: sold out`)).toBeVisible()
  await expect(page.getByRole('banner').getByRole('link', { name: 'Cart 3 pieces' })).toBeVisible()
  const rejected = page.url()
  await page.getByRole('button', { name: /^Order the other two for €/ }).click()
  await expectConfirmed(page)
  expect(page.url()).not.toBe(rejected)
  await expect(page.getByRole('main').getByText(SHOPPER.Email)).toBeVisible()
  // What was short waits in the cart, and says so.
  await page.goto('/cart')
  const lines = page.getByRole('main').getByRole('spinbutton')
  await expect(lines).toHaveCount(1)
  await expect(page.getByRole('group', { name: 'Availability' })).toHaveText('Sold out')
})
