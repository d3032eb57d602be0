import { type Page } from '@playwright/test'
import { addToCart, availability, order, STUDS, Watch } from './steps.ts'
import { expect, test } from './shop.ts'

const card = (page: Page) => page.getByRole('article').filter({ hasText: STUDS.title })

test('a sale shows on an open product page through its one socket alone', async ({ page, newShopper }) => {
  const watch = await Watch.open(page, STUDS.path)
  await expect(availability(page)).toHaveText('2 left')
  await order(await newShopper({ javaScriptEnabled: false }))
  await expect(availability(page)).toHaveText('1 left')
  await watch.expectOnlyTheSocket()
})

test('a sale shows on the card of an open category through its one socket alone', async ({
  page,
  newShopper,
}) => {
  const watch = await Watch.open(page, STUDS.category)
  await expect(card(page)).toContainText('2 left')
  await order(await newShopper({ javaScriptEnabled: false }))
  await expect(card(page)).toContainText('1 left')
  await watch.expectOnlyTheSocket()
})

test('a sale shows in the open cart of somebody else through its one socket alone', async ({
  page,
  newShopper,
}) => {
  await addToCart(page)
  const cart = await page.context().newPage()
  await page.close()
  const watch = await Watch.open(cart, '/cart')
  await expect(availability(cart)).toHaveText('2 left')
  await order(await newShopper({ javaScriptEnabled: false }))
  await expect(availability(cart)).toHaveText('1 left')
  await watch.expectOnlyTheSocket()
})

test('when the last piece goes, an open product page stops selling it', async ({ page, newShopper }) => {
  const watch = await Watch.open(page, STUDS.path)
  const other = await newShopper({ javaScriptEnabled: false })
  await order(other)
  await order(other)
  await expect(availability(page)).toHaveText('Sold out')
  await expect(page.getByRole('button', { name: 'Sold out' })).toBeDisabled()
  await watch.expectOnlyTheSocket()
})
