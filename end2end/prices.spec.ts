/** Prices that change while somebody shops: pushed, shown beside the old one, accepted before paying. */
import { type Page } from '@playwright/test'
import { addToCart, CARD, expectConfirmed, fillAddress, fillCard, signIn, visit, Watch } from './steps.ts'
import { expect, test } from './shop.ts'

const RING = { path: '/p/vega-solitaire-ring', sku: 'AS-VEG-WG-50', size: 'EU 50' }

/** As staff, on the page of the prices. */
async function setPrice(staff: Page, sku: string, price: string): Promise<void> {
  await staff.goto(`/admin/prices?q=${sku}`)
  const form = staff.getByRole('form', { name: `Price of ${sku}` })
  await form.getByRole('textbox', { name: 'Price', exact: true }).fill(price)
  await form.getByRole('button', { name: 'Save' }).click()
  await expect(form.getByRole('textbox', { name: 'Price', exact: true })).toHaveValue(`${price}.00`)
}

test('a price that changes mid-checkout stands beside the old one and is accepted before paying', async ({
  page,
  newShopper,
}) => {
  const staff = await newShopper()
  await signIn(staff)
  await addToCart(page, `${RING.path}?variant=${RING.sku}`)
  await visit(page, '/checkout')
  await fillAddress(page)
  await fillCard(page, CARD.accepted)
  await expect(page.getByRole('button', { name: /^Pay €2,490/ })).toBeVisible()
  const watch = await Watch.from(page)
  await setPrice(staff, RING.sku, '2600')
  const accept = page.getByRole('button', { name: 'Accept €2,600.00' })
  await expect(accept).toBeVisible()
  const summary = page.getByRole('region', { name: 'Your order' })
  await expect(summary.getByText('Before: €2,490.00')).toBeVisible()
  await expect(page.getByText('The price has changed since you chose it')).toBeVisible()
  await accept.click()
  await watch.expectNoReload()
  const pay = page.getByRole('button', { name: 'Pay €2,600.00' })
  await expect(pay).toBeVisible()
  await expect(summary.getByText('Before: €2,490.00')).toHaveCount(0)
  await pay.click()
  await expectConfirmed(page)
  await expect(page.getByRole('main').getByText('€2,600.00').first()).toBeVisible()
})

test('product page, card and cart follow without a reload', async ({ page, newShopper }) => {
  const [staff, shelf, cart] = [await newShopper(), await newShopper(), await newShopper()]
  await signIn(staff)
  const watch = await Watch.open(page, `${RING.path}?variant=${RING.sku}`)
  await visit(shelf, '/c/rings')
  const card = shelf.getByRole('article').filter({ hasText: 'Vega Solitaire Ring' })
  await expect(card.locator('.card__price')).toHaveText(/^From €2,390/)
  await addToCart(cart, `${RING.path}?variant=${RING.sku}`)
  await visit(cart, '/cart')
  await setPrice(staff, RING.sku, '2300')
  await expect(page.locator('.buy__price')).toContainText('€2,300')
  await expect(card.locator('.card__price')).toHaveText(/^From €2,300/)
  await expect(cart.getByRole('main').getByText('Before: €2,490.00')).toBeVisible()
  await expect(cart.getByRole('main').getByText('Subtotal').locator('..')).toContainText('€2,300.00')
  await watch.expectOnlyTheSocket()
})
