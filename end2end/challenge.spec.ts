import { buy, CARD, expectConfirmed, fillCard, headline, live, order } from './steps.ts'
import { expect, test } from './shop.ts'

for (const javaScriptEnabled of [true, false]) {
  const how = javaScriptEnabled ? 'with' : 'without'

  test(`${how} JavaScript a bank that asks who pays is answered on its page, and the order is confirmed`, async ({
    newShopper,
  }) => {
    const page = await newShopper({ javaScriptEnabled })
    if (javaScriptEnabled) {
      await buy(page, CARD.challenged)
    } else {
      await order(page)
      await fillCard(page, CARD.challenged)
      await page.getByRole('button', { name: /^Pay €/ }).click()
      await page.getByRole('button', { name: /with card ending 3155$/ }).click()
    }
    await expect(page.getByRole('heading', { name: 'Action required' })).toBeVisible()
    const address = new URL(page.url()).pathname
    await page.getByRole('link', { name: 'Continue to payment' }).click()
    await expect(page.getByRole('heading', { name: 'Confirm your payment' })).toBeVisible()
    await page.getByRole('button', { name: 'Yes, it is me' }).click()
    await expect(page).toHaveURL(address)
    await expectConfirmed(page)
  })
}

test('a bank that is told no leaves the order to be paid with another card', async ({ page }) => {
  await buy(page, CARD.challenged)
  await page.getByRole('link', { name: 'Continue to payment' }).click()
  await page.getByRole('button', { name: 'No, do not pay' }).click()
  await expect(headline(page, 'Your card was declined')).toBeVisible()
  // Before that the plain form would do, which asks for the card on a page of its own.
  await live(page)
  await fillCard(page, CARD.declined)
  await page.getByRole('button', { name: /^Pay €/ }).click()
  await expect(headline(page, 'Your card was declined')).toBeVisible()
  await fillCard(page, CARD.accepted)
  await page.getByRole('button', { name: /^Pay €/ }).click()
  await expectConfirmed(page)
})
