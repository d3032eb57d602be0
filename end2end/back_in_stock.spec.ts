/** The last piece: who holds it sees where it is, who finds none is told when it is back. */
import { AxeBuilder } from '@axe-core/playwright'
import { type Page } from '@playwright/test'
import { addToCart, availability, live, openInventory, STUDS, visit } from './steps.ts'
import { expect, shot, test } from './shop.ts'

const buyButton = (page: Page, name: string) => page.getByRole('button', { name, exact: true })
const signup = (page: Page) => page.getByRole('form', { name: /tell me when it is back/ })

async function expectNothingGrave(page: Page): Promise<void> {
  await page.emulateMedia({ reducedMotion: 'reduce' })
  const { violations } = await new AxeBuilder({ page }).analyze()
  const grave = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')
  expect.soft(grave.map(({ id }) => id)).toEqual([])
}

test('the last pieces are in the own checkout, in every tab, and sold out for others', async ({
  page,
  newShopper,
}) => {
  const other = await newShopper()
  const shelf = await newShopper()
  await visit(other, STUDS.path)
  await visit(shelf, STUDS.category)
  // A tab from before there was a cart: its connection is of nobody yet.
  const early = await page.context().newPage()
  await visit(early, STUDS.path)
  await addToCart(page)
  await addToCart(page)
  const tab = await page.context().newPage()
  await visit(tab, STUDS.category)
  const card = (of: Page) => of.getByRole('article').filter({ hasText: STUDS.title })
  await expect(card(tab)).toContainText('2 left')
  await visit(page, '/checkout')
  await expect(page.getByText(/^Held for you for/)).toBeVisible()

  await expect(availability(other)).toHaveText('Sold out')
  await expect(card(shelf)).toContainText('Sold out')
  for (const own of [early, tab]) await expect(own.getByText('In your checkout').first()).toBeVisible()
  await expect(card(tab)).toContainText('In your checkout')
  await expect(availability(early)).toHaveText('In your checkout')
  await expect(buyButton(early, 'In your checkout')).toBeVisible()
  await expect(early.getByText('2 pieces are held in your checkout')).toBeVisible()
  await expect(signup(early)).toBeHidden()
  await expectNothingGrave(early)
  await shot(early, 'product-in-own-checkout')
  // A page that is loaded anew says so at once.
  await visit(tab, STUDS.path)
  await expect(availability(tab)).toHaveText('In your checkout')
  await early.getByRole('link', { name: 'Go to your checkout' }).click()
  await early.waitForURL('**/checkout')
})

test('who finds none is told when it is back, in the order of those who asked', async ({
  page,
  newShopper,
  noise,
}) => {
  // Playwright's own scripts are kept out of the frame that a mail is shown in, as all are.
  noise.foresee(/^Blocked script execution in .* frame is sandboxed/)
  const staff = await newShopper()
  await openInventory(staff)
  const count = async (pieces: string) => {
    const form = staff.getByRole('form', { name: `Correction of ${STUDS.sku}` })
    if (!(await form.isVisible()))
      await staff.getByRole('button', { name: `Correct stock of ${STUDS.sku}` }).click()
    await form.getByRole('spinbutton', { name: 'Counted on hand' }).fill(pieces)
    await form.getByRole('textbox', { name: 'Reason' }).fill('recount')
    await form.getByRole('button', { name: 'Save count' }).click()
  }
  await visit(page, `${STUDS.path}?variant=${STUDS.sku}`)
  await expect(signup(page)).toBeHidden()
  await count('0')
  await expect(availability(page)).toHaveText('Sold out')
  await expect(signup(page)).toBeVisible()
  await expectNothingGrave(page)
  await signup(page).getByRole('textbox', { name: 'Email' }).fill('nobody')
  await signup(page).getByRole('button', { name: 'Tell me' }).click()
  // The browser itself says what is wrong with it, and nothing is sent.
  await expect(signup(page).locator('input:invalid')).toHaveValue('nobody')
  await expect(signup(page)).not.toContainText('We write to')
  await signup(page).getByRole('textbox', { name: 'Email' }).fill('ada@example.com')
  await signup(page).getByRole('button', { name: 'Tell me' }).click()
  await expect(signup(page)).toContainText('We write to ada@example.com once it is back')
  await shot(page, 'product-signed-up')

  // Without script the form names the piece itself.
  const plain = await newShopper({ javaScriptEnabled: false })
  await plain.goto(`${STUDS.path}?variant=${STUDS.sku}`)
  await signup(plain).getByRole('combobox').selectOption(STUDS.sku)
  await signup(plain).getByRole('textbox', { name: 'Email' }).fill('bob@example.com')
  await signup(plain).getByRole('button', { name: 'Tell me' }).click()
  await expect(signup(plain)).toContainText('We write to bob@example.com once it is back')

  await expect(staff.getByRole('row').filter({ hasText: STUDS.sku })).toContainText('2')
  await count('1')
  await staff.goto('/admin/mails')
  await expect
    .poll(async () => {
      await staff.reload()
      return staff.getByRole('link', { name: 'Back in stock' }).count()
    })
    .toBe(1)
  await staff.getByRole('link', { name: 'Back in stock' }).click()
  await expect(staff.getByText('ada@example.com').first()).toBeVisible()
  const text = (await staff.getByRole('main').textContent()) ?? ''
  const [path] = /\/back-in-stock\/[\w-]+/.exec(text) ?? ['']
  // Looking at the page changes nothing.
  const reader = await newShopper()
  await reader.goto(path)
  await expectNothingGrave(reader)
  await plain.goto(path)
  await plain.getByRole('button', { name: 'Tell me nothing, forget my address' }).click()
  await expect(plain.getByText('your address is forgotten')).toBeVisible()
  await live(page)
})
