import {
  availability,
  buy,
  cancelOrder,
  CARD,
  expectConfirmed,
  fillCard,
  headline,
  steps,
  STUDS,
  visit,
  Watch,
} from './steps.ts'
import { expect, test } from './shop.ts'

test('after a decline the stock stays reserved and another card pays for the same order', async ({
  page,
  newShopper,
}) => {
  const other = await newShopper()
  const watch = await Watch.open(other, STUDS.path)
  await expect(availability(other)).toHaveText('2 left')

  await buy(page, CARD.declined)
  await expect(headline(page, 'Your card was declined')).toContainText('Try another one.')
  await expect(steps(page)).toHaveText(['Placed', 'Reserved', 'Card declined', 'Confirmed'])
  await expect(page.getByRole('timer', { name: 'Time left' })).toHaveText(/^1[45]:\d\d$/)
  await expect(availability(other)).toHaveText('1 left')

  const order = page.url()
  await fillCard(page, CARD.accepted)
  await page.getByRole('button', { name: /^Pay €/ }).click()
  await expectConfirmed(page)
  expect(page.url(), 'the same order').toBe(order)
  await expect(availability(other)).toHaveText('1 left')
  await watch.expectNoReload()
})

test('a card without funds is told so, and the order can be cancelled, which frees its stock', async ({
  page,
  newShopper,
}) => {
  const other = await newShopper()
  await visit(other, STUDS.path)

  await buy(page, CARD.insufficientFunds)
  await expect(headline(page, 'Your card was declined')).toContainText('This card has insufficient funds.')
  await expect(availability(other)).toHaveText('1 left')

  await cancelOrder(page)
  await expect(headline(page, 'Order cancelled')).toContainText('Nothing was charged')
  await expect(availability(other)).toHaveText('2 left')
})

test.describe('with a short payment window', () => {
  test.use({ shopEnv: { VITRINE_PAYMENT_WINDOW_SECONDS: '3' } })

  test('an order that is not paid in time is cancelled by itself and frees its stock', async ({
    page,
    newShopper,
  }) => {
    const other = await newShopper()
    await visit(other, STUDS.path)
    await buy(page, CARD.declined)
    await expect(availability(other)).toHaveText('1 left')
    await expect(headline(page, 'Order cancelled')).toContainText('The time to pay ended', {
      timeout: 10_000,
    })
    await expect(availability(other)).toHaveText('2 left')
  })
})
