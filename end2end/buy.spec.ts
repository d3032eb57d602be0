import {
  addToCart,
  CARD,
  drawer,
  expectConfirmed,
  fillCard,
  headline,
  live,
  order,
  placeOrder,
  placePlainOrder,
  size,
  steps,
  STUDS,
  Watch,
} from './steps.ts'
import { expect, test } from './shop.ts'

test.describe('while the bank takes its time', () => {
  test.use({ shopEnv: { VITRINE_TEST_GATEWAY_DELAY_MS: '4000' } })

  test('a purchase goes from the front page to a confirmed order that ticks off by itself', async ({
    page,
  }) => {
    await page.goto('/')
    await page
      .getByRole('navigation', { name: 'Categories' })
      .getByRole('link', { name: 'Rings', exact: true })
      .click()
    await page.getByRole('main').getByRole('link', { name: 'Notary Onyx Signet' }).click()
    await expect(page.getByRole('heading', { level: 1, name: 'Notary Onyx Signet' })).toBeVisible()
    await live(page)
    await size(page, 'EU 58').check()
    await expect(page).toHaveURL(/variant=AS-NOT-YG-58/)
    await page.getByRole('button', { name: 'Add to cart' }).click()
    await expect(page.getByRole('link', { name: 'Cart 1 piece' })).toBeVisible()
    await drawer(page).getByRole('link', { name: 'View cart' }).click()

    await expect(page.getByRole('heading', { name: 'Your cart' })).toBeVisible()
    await expect(page.getByRole('main').getByText('Yellow gold, EU 58')).toBeVisible()
    await page.getByRole('link', { name: 'Checkout' }).click()
    await live(page)
    await placeOrder(page, CARD.accepted)

    const watch = await Watch.from(page)
    await expect(steps(page).nth(1)).toHaveText('Reserved')
    await expect(steps(page).nth(2)).toHaveText('Paying')
    await expect(steps(page).nth(2)).toHaveAttribute('aria-current', 'step')
    await expectConfirmed(page)
    await watch.expectNoReload()
    await expect(page.getByRole('link', { name: 'Cart empty' })).toBeVisible()
  })
})

test('the whole purchase works without JavaScript', async ({ newShopper }) => {
  const page = await newShopper({ javaScriptEnabled: false })
  await page.goto('/')
  await page
    .getByRole('navigation', { name: 'Categories' })
    .getByRole('link', { name: 'Rings', exact: true })
    .click()
  await page.getByRole('main').getByRole('link', { name: 'Notary Onyx Signet' }).click()
  await page.getByRole('group', { name: 'Metal' }).getByRole('link', { name: 'Sterling silver' }).click()
  await size(page, 'EU 52').check()
  await page.getByRole('button', { name: 'Add to cart' }).click()

  await expect(page.getByRole('heading', { name: 'Your cart' })).toBeVisible()
  await expect(page.getByRole('main').getByText('Sterling silver, EU 52')).toBeVisible()
  await page.getByRole('spinbutton', { name: 'Quantity of Notary Onyx Signet' }).fill('2')
  await page.getByRole('button', { name: 'Update' }).click()
  await expect(page.getByRole('main').getByText('€480.00').first()).toBeVisible()
  await page.getByRole('link', { name: 'Checkout' }).click()
  await placePlainOrder(page)

  // The card is asked for by the gateway's own form; the shop never sees the number.
  await expect(headline(page, 'Your pieces are reserved')).toBeVisible()
  await fillCard(page, CARD.accepted)
  await page.getByRole('button', { name: 'Pay €480.00' }).click()
  await page.getByRole('button', { name: 'Pay €480.00 with card ending 4242' }).click()
  await expectConfirmed(page)
})

test('without JavaScript a mistyped card number is refused and the order waits for another', async ({
  newShopper,
}) => {
  const page = await newShopper({ javaScriptEnabled: false })
  await order(page)
  await fillCard(page, '4242 4242 4242 4241')
  await page.getByRole('button', { name: /^Pay €/ }).click()
  const number = page.getByRole('textbox', { name: 'Card number' })
  await expect(number).toHaveAccessibleDescription(/mistyped/)
  await fillCard(page, CARD.accepted)
  await page.getByRole('button', { name: /^Pay €/ }).click()
  await page.getByRole('button', { name: /with card ending 4242$/ }).click()
  await expectConfirmed(page)
})

test('without JavaScript a declined card is followed by another one on the same order', async ({
  newShopper,
}) => {
  const page = await newShopper({ javaScriptEnabled: false })
  await order(page)
  await fillCard(page, CARD.declined)
  await page.getByRole('button', { name: /^Pay €/ }).click()
  await page.getByRole('button', { name: /with card ending 0002$/ }).click()
  await expect(headline(page, 'Your card was declined')).toBeVisible()
  await fillCard(page, CARD.accepted)
  await page.getByRole('button', { name: /^Pay €/ }).click()
  await page.getByRole('button', { name: /with card ending 4242$/ }).click()
  await expectConfirmed(page)
})

test('a cart outlives a restart of the browser and of the server', async ({ page, shop, newShopper }) => {
  await addToCart(page)
  const [cookie] = await page.context().cookies()
  expect(cookie?.expires, 'a cookie that the browser keeps when it is closed').toBeGreaterThan(
    Date.now() / 1_000,
  )
  const storageState = await page.context().storageState()
  await page.context().close()
  await shop.restart()

  const later = await newShopper({ storageState })
  await later.goto('/cart')
  await expect(later.getByRole('heading', { name: STUDS.title })).toBeVisible()
  await expect(later.getByRole('link', { name: 'Cart 1 piece' })).toBeVisible()
})
