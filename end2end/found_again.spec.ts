/** Orders that are found again: in this browser, and elsewhere by number and email. */
import { type Page } from '@playwright/test'
import { buy, CARD, expectConfirmed, headline, live, reserve, SHOPPER, STUDS } from './steps.ts'
import { expect, test } from './shop.ts'

const NOT_FOUND = /status of 404/

const numberOf = async (page: Page) =>
  (await page.getByText(/^Order V-/).first().innerText()).replace('Order ', '').trim()

async function find(page: Page, number: string, email: string): Promise<void> {
  await page.getByRole('contentinfo').getByRole('link', { name: 'Find my order' }).click()
  await page.getByRole('textbox', { name: 'Order number' }).fill(number)
  await page.getByRole('textbox', { name: 'Email' }).fill(email)
  await page.getByRole('button', { name: 'Find my order' }).click()
}

test('this browser lists its orders, newest first, also without script', async ({ page, newShopper }) => {
  await page.goto('/orders')
  await expect(page.getByText('No orders in this browser yet.')).toBeVisible()

  await buy(page, CARD.accepted)
  await expectConfirmed(page)
  const number = await numberOf(page)
  await expect(page).toHaveTitle(`Confirmed – ${number} – Aurel & Stone`)
  await buy(page, CARD.declined)
  await expect(headline(page, 'Your card was declined')).toBeVisible()
  await page.getByRole('contentinfo').getByRole('link', { name: 'Your orders' }).click()
  const rows = page.getByRole('main').getByRole('listitem')
  await expect(rows).toHaveText([/Waits for a card/, new RegExp(`${number}.*${STUDS.title}.*Confirmed`)])
  // The time is the reader's own once the script is there.
  await expect(rows.last().getByRole('time')).not.toContainText('UTC')

  const plain = await newShopper({
    javaScriptEnabled: false,
    storageState: await page.context().storageState(),
  })
  const response = await plain.goto('/orders')
  expect(response?.headers()['cache-control']).toBe('no-store')
  await expect(plain.getByRole('time').first()).toContainText('UTC')
  await plain.getByRole('link', { name: `Order ${number}` }).click()
  await expect(headline(plain, 'Your order is confirmed')).toBeVisible()
})

test('number and email open an order in another browser, which then follows and pays it', async ({
  page,
  newShopper,
  noise,
}) => {
  noise.foresee(NOT_FOUND)
  const owner = await newShopper({ javaScriptEnabled: false })
  await reserve(owner)
  const number = await numberOf(owner)
  const path = new URL(owner.url()).pathname

  expect((await page.goto(path))?.status()).toBe(404)
  await page.getByRole('main').getByRole('link', { name: 'Find my order' }).click()
  await find(page, number.toLowerCase(), ` ${SHOPPER.Email.toUpperCase()}`)
  await expect(page).toHaveURL(path)
  await expect(headline(page, 'Your pieces are reserved')).toBeVisible()
  await live(page)
  // What the owner does shows here: the socket admits this browser, too.
  await owner.getByText('Cancel order', { exact: true }).click()
  await owner.getByRole('button', { name: 'Yes, cancel it' }).click()
  await expect(headline(page, 'Order cancelled')).toContainText('Nothing was charged.')
  await expect(page.getByRole('main').getByRole('link', { name: 'Back to your cart' })).toHaveCount(0)
  await expect(owner.getByRole('main').getByRole('link', { name: 'Back to your cart' })).toBeVisible()
  await page.goto('/orders')
  await expect(page.getByRole('main').getByRole('listitem')).toHaveText([new RegExp(number)])
})

test('a wrong number and a wrong email are answered alike, and what was typed stays', async ({
  newShopper,
}) => {
  const owner = await newShopper({ javaScriptEnabled: false })
  await reserve(owner)
  const number = await numberOf(owner)
  const other = await newShopper({ javaScriptEnabled: false })
  await other.goto('/')
  const said: string[] = []
  for (const [wrongNumber, email] of [
    [number, 'eve@example.com'],
    ['V-00000000', SHOPPER.Email],
    ['hello', SHOPPER.Email],
  ] as const) {
    await find(other, wrongNumber, email)
    await expect(other).toHaveURL('/orders/find')
    said.push(await other.getByRole('alert').innerText())
    await expect(other.getByRole('textbox', { name: 'Order number' })).toHaveValue(wrongNumber)
    await expect(other.getByRole('textbox', { name: 'Email' })).toHaveValue(email)
  }
  expect(new Set(said).size, said.join('\n')).toBe(1)
})
