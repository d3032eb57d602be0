/** What delivery costs, changed while somebody is at the checkout: shown beside the old fee, accepted first. */
import { addToCart, CARD, expectConfirmed, fillAddress, fillCard, signIn, visit, Watch } from './steps.ts'
import { expect, test } from './shop.ts'

const RING = '/p/vega-solitaire-ring?variant=AS-VEG-WG-50'

test('a fee that changes mid-checkout stands beside the old one and is accepted before paying', async ({
  page,
  newShopper,
}) => {
  const [staff, cart] = [await newShopper(), await newShopper()]
  await signIn(staff)
  await addToCart(page, RING)
  await addToCart(cart, RING)
  await visit(cart, '/cart')
  await visit(page, '/checkout')
  await fillAddress(page)
  await fillCard(page, CARD.accepted)
  await expect(page.getByRole('button', { name: 'Pay €2,490.00' })).toBeVisible()
  const watch = await Watch.from(page)
  await staff.goto('/admin/prices')
  const form = staff.getByRole('form', { name: 'Delivery' })
  await form.getByRole('textbox', { name: 'Free from' }).fill('10000')
  await form.getByRole('button', { name: 'Save' }).click()
  await expect(staff.getByText('standard €5.90, free from €10,000.00 on')).toBeVisible()

  await expect(page.getByText('Delivery costs something else now')).toBeVisible()
  await expect(cart.getByText('Delivery costs something else now')).toBeVisible()
  await page.getByRole('button', { name: 'Accept €2,495.90' }).click()
  await watch.expectNoReload()
  await page.getByRole('button', { name: 'Pay €2,495.90' }).click()
  await expectConfirmed(page)
})
