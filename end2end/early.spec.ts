/** What people do before the page's script is awake, or where it never wakes. */
import { type Page } from '@playwright/test'
import { addToCart, fillAddress, headline, live, openInventory, STUDS } from './steps.ts'
import { expect, test } from './shop.ts'

/** Holds the page's program back until the returned function is called. */
async function asleep(page: Page): Promise<() => void> {
  let wake = () => {}
  const gate = new Promise<void>(resolve => (wake = resolve))
  await page.route('**/*.wasm', async route => {
    await gate
    await route.continue()
  })
  return wake
}

test('what was chosen and typed before the script woke goes into the cart', async ({ page }) => {
  const wake = await asleep(page)
  await page.goto('/p/vega-solitaire-ring', { waitUntil: 'commit' })
  const size = page.getByRole('radio').nth(1)
  await size.check()
  const sku = await size.inputValue()
  await page.getByRole('spinbutton', { name: 'Quantity' }).fill('2')
  await page.getByText('Add a gift note').click()
  await page.getByRole('textbox', { name: 'Gift note' }).fill('For Grace')
  wake()
  await live(page)
  await expect(page.locator(`input[type=radio][value="${sku}"]`)).toBeChecked()
  await page.getByRole('button', { name: 'Add to cart' }).click()
  await expect(page.getByText('Added. You have 2 pieces in your cart.')).toBeVisible()
  await page.goto('/cart')
  await expect(page.getByText('For Grace')).toBeVisible()
  await expect(page.getByRole('listitem').getByRole('spinbutton')).toHaveValue('2')
})

test('which piece somebody waits for is chosen before the script wakes, and is still that one after', async ({
  page,
  newShopper,
}) => {
  const staff = await newShopper()
  await openInventory(staff)
  await staff.getByRole('button', { name: `Correct stock of ${STUDS.sku}` }).click()
  const form = staff.getByRole('form', { name: `Correction of ${STUDS.sku}` })
  await form.getByRole('spinbutton', { name: 'Counted on hand' }).fill('0')
  await form.getByRole('textbox', { name: 'Reason' }).fill('recount')
  await form.getByRole('button', { name: 'Save count' }).click()
  await expect(form).toBeHidden()
  const wake = await asleep(page)
  await page.goto(`${STUDS.path}?variant=${STUDS.sku}`, { waitUntil: 'commit' })
  const signup = page.getByRole('form', { name: /tell me when it is back/ })
  await signup.getByRole('combobox').selectOption('AS-LUM-YG-OS')
  await signup.getByRole('textbox', { name: 'Email' }).fill('ada@example.com')
  wake()
  await live(page)
  await expect(signup).toContainText('Yellow gold')
  await expect(signup.getByRole('textbox', { name: 'Email' })).toHaveValue('ada@example.com')
  await signup.getByRole('button', { name: 'Tell me' }).click()
  await expect(signup).toContainText('We write to ada@example.com')
})

test('presses faster than the answers add up, and the page equals what the server has', async ({ page }) => {
  await addToCart(page, '/p/vega-solitaire-ring')
  await page.goto('/cart')
  await live(page)
  await page.route('**/api/set_quantity*', async route => {
    const answer = await route.fetch()
    await new Promise(resolve => setTimeout(resolve, 300))
    await route.fulfill({ response: answer })
  })
  const more = page.getByRole('button', { name: 'One more' })
  for (let press = 0; press < 3; press++) await more.click({ delay: 20 })
  await expect(page.getByRole('spinbutton')).toHaveValue('4')
  await expect(page.locator('[data-pending]')).toHaveCount(0)
  await expect(page.getByRole('spinbutton')).toHaveValue('4')
  await page.reload()
  await expect(page.getByRole('spinbutton')).toHaveValue('4')
})

test('where the program never arrives no card is taken, and the order page looks again', async ({
  page,
  noise,
}) => {
  noise.foresee(/./)
  await addToCart(page)
  await page.route('**/*.wasm', route => route.abort())
  await page.goto('/checkout')
  await expect(page.getByRole('textbox', { name: 'Card number' })).toBeHidden()
  await fillAddress(page)
  await page.getByRole('button', { name: 'Pay on the next page' }).click()
  await page.waitForURL(/\/orders\//)
  await expect(headline(page, 'Your pieces are reserved')).toBeVisible({ timeout: 20_000 })
})
