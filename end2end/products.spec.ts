/** Products that staff prepare and publish while somebody shops. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from '@playwright/test'
import { addToCart, live, signIn, visit, Watch } from './steps.ts'
import { expect, shot, test } from './shop.ts'

const PHOTOGRAPH = join(
  import.meta.dirname,
  '../app/public/images/solstice-hammered-disc-yellow-gold.webp',
)

async function draft(staff: Page): Promise<void> {
  await staff.goto('/admin/products')
  await staff.getByText('New product', { exact: true }).click()
  const form = staff.getByRole('form', { name: 'New product' })
  await form.getByLabel('Title', { exact: true }).fill('Tide Pendant')
  await form.getByLabel('Category').selectOption({ label: 'Necklaces' })
  await form.getByRole('button', { name: 'Begin a draft' }).click()
  await expect(staff.getByRole('heading', { name: 'Tide Pendant', level: 1 })).toBeVisible()
}

async function describe(staff: Page, text: string): Promise<void> {
  const form = staff.getByRole('form', { name: 'Texts' })
  await form.getByLabel('Description').fill(text)
  await form.getByLabel('Metals, one on each line').fill('18k yellow gold')
  await form.getByRole('button', { name: 'Save texts' }).click()
  await expect(staff.getByText('Saved.')).toBeVisible()
}

async function upload(staff: Page, name: string, buffer: Buffer): Promise<void> {
  const form = staff.getByRole('form', { name: 'Add photographs' })
  await form.getByLabel('What they show').fill('A hammered disc on a chain')
  await form.getByLabel('JPEG, PNG or WebP').setInputFiles({ name, mimeType: 'image/jpeg', buffer })
  await form.getByRole('button', { name: 'Add', exact: true }).click()
}

test('a piece is prepared, published, bought, changed on open pages, and withdrawn', async ({
  page,
  newShopper,
  noise,
}) => {
  test.setTimeout(120_000)
  // The page of a piece that is withdrawn says so.
  noise.foresee(/410/)
  const staff = await newShopper()
  await signIn(staff)
  await draft(staff)
  await expect(staff.getByText('Nobody but staff sees it.')).toBeVisible()

  // What is no photograph is refused, and says what was expected.
  await upload(staff, 'letter.jpg', Buffer.from('%PDF-1.7'))
  await expect(staff.getByText('letter.jpg: Expected a JPEG, PNG or WebP picture')).toBeVisible()
  await upload(staff, 'disc.webp', await readFile(PHOTOGRAPH))
  await expect(staff.getByRole('form', { name: 'Photograph 1' })).toBeVisible({ timeout: 60_000 })

  await staff.getByText('New variant', { exact: true }).click()
  const variant = staff.getByRole('form', { name: 'New variant' })
  await variant.getByLabel('SKU').fill('AS-EBB-YG-45')
  await variant.getByLabel('Metal or colour').fill('Yellow gold')
  await variant.getByLabel('Size').fill('45 cm')
  await variant.getByLabel('Price', { exact: true }).fill('1200')
  await variant.getByLabel('Pieces there are').fill('2')
  await variant.getByRole('button', { name: 'Add the variant' }).click()
  await expect(staff.getByText('Yellow gold, 45 cm')).toBeVisible()
  await describe(staff, 'A disc like a low tide.')
  await shot(staff, 'product-editor')
  await staff.getByRole('button', { name: 'Publish' }).click()
  await expect(staff.getByText('It is in the shop.')).toBeVisible()

  const watch = await Watch.open(page, '/p/tide-pendant')
  await expect(page.getByText('A disc like a low tide.')).toBeVisible()
  const picture = page.locator('#picture-1 img')
  await expect(picture).toHaveJSProperty('complete', true)
  expect(await picture.evaluate((it: HTMLImageElement) => it.naturalWidth)).toBeGreaterThan(0)
  await shot(page, 'product-new')

  // Somebody has it open: other words come without a reload.
  await describe(staff, 'A disc like the ebb.')
  await expect(page.getByText('A disc like the ebb.')).toBeVisible()
  await watch.expectNoReload()

  const buyer = await newShopper()
  await addToCart(buyer, '/p/tide-pendant')
  // The checkout holds it, and the cart is open beside.
  await visit(buyer, '/checkout')
  await visit(buyer, '/cart')
  await live(buyer)
  const cart = await Watch.from(buyer)

  await staff.getByRole('button', { name: 'Withdraw', exact: true }).click()
  await expect(staff.getByText('It is no longer sold.').first()).toBeVisible()
  await expect(page.getByText('This piece is no longer sold.')).toBeVisible()
  await shot(page, 'product-withdrawn')
  // Who holds one cannot have it either: it stays in the cart until they take it out.
  await expect(buyer.getByText('Not everything is there any more')).toBeVisible()
  await expect(buyer.getByText('Tide Pendant, Yellow gold, 45 cm: sold out')).toBeVisible()
  await cart.expectNoReload()
  await shot(buyer, 'cart-withdrawn')
  await buyer.getByRole('button', { name: 'Update order' }).click()
  await expect(buyer.getByText('Nothing here yet.')).toBeVisible()
  await staff.goto('/admin/products')
  await shot(staff, 'products')
})

test('who saves after somebody else sees what they have written', async ({ newShopper }) => {
  const [ada, eve] = [await newShopper({ javaScriptEnabled: false }), await newShopper()]
  await signIn(ada)
  await signIn(eve)
  const editor = '/admin/products/vega-solitaire-ring'
  await ada.goto(editor)
  await eve.goto(editor)
  const of = (staff: Page) => staff.getByRole('form', { name: 'Texts' })
  await of(ada).getByLabel('Stones').fill('Moonstone')
  await of(ada).getByRole('button', { name: 'Save texts' }).click()
  await expect(ada.getByText('Saved.')).toBeVisible()
  // Whoever did not see it: the form came before, and typing keeps it as it is.
  await ada.goto(editor)
  await of(ada).getByLabel('Title', { exact: true }).fill('Vega Ring')
  await of(eve).getByLabel('What is said of the edition').fill('Ten a year')
  await of(eve).getByRole('button', { name: 'Save texts' }).click()
  await expect(eve.getByRole('status').filter({ hasText: 'Saved.' })).toBeVisible()
  await of(ada).getByRole('button', { name: 'Save texts' }).click()
  await expect(ada.getByText('Somebody else has changed this to Ten a year')).toBeVisible()
  await expect(of(ada).getByLabel('Title', { exact: true })).toHaveValue('Vega Ring')
  await shot(ada, 'product-conflict')
  await of(ada).getByRole('button', { name: 'Save texts' }).click()
  await expect(ada.getByText('Saved.')).toBeVisible()
})
