/** The checkout holds its pieces: counted down, put off, let go, and seen by others. */
import { type Page } from '@playwright/test'
import { addToCart, availability, CARD, expectConfirmed, order, placeOrder, STUDS, visit } from './steps.ts'
import { expect, test } from './shop.ts'

const held = (page: Page) => page.getByText(/^Held for you for \d+:\d\d$/)
const ended = (page: Page) => page.getByText(/^Your pieces are not held any more/)

/** Seconds that the page says are left. */
async function secondsLeft(page: Page): Promise<number> {
  const [, minutes, seconds] = /(\d+):(\d\d)/.exec((await held(page).textContent()) ?? '') ?? []
  return Number(minutes) * 60 + Number(seconds)
}

test.describe('for ten minutes', () => {
  test('the pieces go for others and stay for oneself, in every tab', async ({ page, newShopper }) => {
    const other = await newShopper()
    await visit(other, STUDS.path)
    await expect(availability(other)).toHaveText(/2 left/)
    await addToCart(page)
    await addToCart(page)
    await visit(page, '/checkout')
    await expect(held(page)).toBeVisible()
    await expect(availability(other)).toHaveText('Sold out')
    const tab = await page.context().newPage()
    await visit(tab, '/cart')
    await expect(tab.getByRole('main').getByRole('link', { name: 'Checkout' })).toBeVisible()
    await expect(tab.getByText(/sold out/i)).toHaveCount(0)
    // In a second tab it is the same reservation, and closing that one ends nothing.
    await visit(tab, '/checkout')
    await expect(held(tab)).toBeVisible()
    await tab.close()
    await page.bringToFront()
    await placeOrder(page, CARD.accepted)
    await expectConfirmed(page)
  })

  test('whatever the clock of the browser says, and however often the page is loaded', async ({
    page,
  }) => {
    await page.addInitScript(() => {
      const now = Date.now
      Date.now = () => now() + 7 * 60 * 60 * 1000
    })
    await addToCart(page)
    await visit(page, '/checkout')
    await expect.poll(() => secondsLeft(page)).toBeLessThan(598)
    const before = await secondsLeft(page)
    expect(before).toBeGreaterThan(540)
    await page.reload()
    await expect(held(page)).toBeVisible()
    expect(await secondsLeft(page), 'it does not begin anew').toBeLessThanOrEqual(before)
  })

  test('a checkout that is left lets go soon, and one that is come back to goes on', async ({
    page,
    newShopper,
  }) => {
    const other = await newShopper()
    await addToCart(page)
    await addToCart(page)
    await visit(page, '/checkout')
    await expect(held(page)).toBeVisible()
    await page.getByRole('link', { name: 'Edit cart' }).click()
    await page.waitForURL('**/cart')
    await page.goBack()
    await expect(held(page)).toBeVisible()
    await expect.poll(() => secondsLeft(page)).toBeGreaterThan(500)
    await visit(other, STUDS.path)
    await expect(availability(other)).toHaveText('Sold out')
    await page.close()
    await expect(availability(other)).toHaveText(/2 left/, { timeout: 25_000 })
  })

  test('without script by a form, with the time as of the page', async ({ newShopper }) => {
    const plain = await newShopper({ javaScriptEnabled: false })
    await plain.goto(STUDS.path)
    await plain.getByRole('button', { name: 'Add to cart' }).click()
    await plain.getByRole('link', { name: 'Checkout' }).click()
    await expect(plain.getByText('Your pieces are not held yet.')).toBeVisible()
    await plain.getByRole('button', { name: 'Hold them while I order' }).click()
    await expect(plain.getByText(/^Held for you for about (9|10) minutes\.$/)).toBeVisible()
    await plain.getByRole('button', { name: 'Hold them longer' }).click()
    await expect(plain.getByText(/^Held for you for about (9|10) minutes\.$/)).toBeVisible()
  })
})

test.describe('for a minute', () => {
  test.use({ shopEnv: { VITRINE_HOLD_SECONDS: '60' } })

  test('the end is put off with one press, and nothing moves by it', async ({ page }) => {
    await addToCart(page)
    await visit(page, '/checkout')
    const longer = page.getByRole('button', { name: 'Hold them longer' })
    await expect(longer).toBeVisible()
    await expect.poll(() => secondsLeft(page), { timeout: 15_000 }).toBeLessThan(56)
    const email = page.getByRole('textbox', { name: 'Email' })
    const before = await email.boundingBox()
    await longer.click()
    await expect.poll(() => secondsLeft(page)).toBeGreaterThan(56)
    expect(await email.boundingBox()).toEqual(before)
    expect(await page.evaluate(() => document.activeElement !== document.body)).toBe(true)
  })
})

test.describe('for two seconds', () => {
  test.use({ shopEnv: { VITRINE_HOLD_SECONDS: '2' } })

  test('the end in one browser is seen in another, and nothing typed is lost', async ({
    page,
    newShopper,
  }) => {
    const other = await newShopper()
    await visit(other, STUDS.path)
    await addToCart(page)
    await addToCart(page)
    await visit(page, '/checkout')
    await page.getByRole('textbox', { name: 'Email' }).fill('ada@example.com')
    await expect(ended(page)).toBeVisible()
    await expect(availability(other)).toHaveText(/2 left/)
    await page.getByRole('button', { name: 'Hold them again' }).click()
    await expect(held(page)).toBeVisible()
    await expect(page.getByRole('textbox', { name: 'Email' })).toHaveValue('ada@example.com')
    await expect(ended(page)).toBeVisible()
    // They are ordered all the same, as long as they are there.
    await placeOrder(page, CARD.accepted)
    await expectConfirmed(page)
  })

  test('what somebody else has bought meanwhile is not held again', async ({ page, newShopper }) => {
    await addToCart(page)
    await addToCart(page)
    await visit(page, '/checkout')
    await expect(ended(page)).toBeVisible()
    await order(await newShopper({ javaScriptEnabled: false }))
    await page.getByRole('button', { name: 'Hold them again' }).click()
    await expect(page.getByText(`${STUDS.title}, White gold`)).toContainText('only 1 left')
    await page.getByRole('button', { name: 'Update order' }).click()
    await expect(page.getByRole('button', { name: /^Pay €/ })).toBeVisible()
  })
})
