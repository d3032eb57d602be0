import {
  addToCart,
  CARD,
  fillAddress,
  fillCard,
  openInventory,
  placeOrder,
  reserve,
  SHOPPER,
  size,
  STUDS,
  visit,
} from './steps.ts'
import { expect, test } from './shop.ts'

const NOT_FOUND = /status of 404/

test('an address that leads nowhere answers with 404 and with ways on', async ({ page, noise }) => {
  noise.foresee(NOT_FOUND)
  for (const path of ['/nowhere', '/c/hats', '/p/no-such-ring', '/p/no-such-ring/deeper']) {
    const response = await page.goto(path)
    expect(response?.status(), path).toBe(404)
    await expect(page.getByRole('heading', { level: 1, name: 'This page is not here.' })).toBeVisible()
  }
  await page.getByRole('main').getByRole('link', { name: 'Necklaces' }).click()
  await expect(page.getByRole('heading', { level: 1, name: 'Necklaces' })).toBeVisible()
})

test('an empty cart and an empty checkout lead back to the collection', async ({ page }) => {
  await page.goto('/cart')
  await expect(page.getByText('Nothing here yet.')).toBeVisible()
  await page.goto('/checkout')
  await expect(page.getByText('There is nothing in your cart yet.')).toBeVisible()
  await page.getByRole('link', { name: 'See the collection' }).click()
  await expect(page).toHaveURL('/')
})

test('a line that is taken out leaves an empty cart', async ({ page }) => {
  await addToCart(page)
  await visit(page, '/cart')
  await page.getByRole('button', { name: `Remove ${STUDS.title}` }).click()
  await expect(page.getByText('Nothing here yet.')).toBeVisible()
  await expect(page.getByRole('link', { name: 'Cart empty' })).toBeVisible()
})

test('a quantity changed in the cart changes the sums', async ({ page }) => {
  await addToCart(page)
  await visit(page, '/cart')
  await page.getByRole('button', { name: 'One more' }).click()
  await expect(page.getByRole('definition').first()).toHaveText('€840.00')
  await expect(page.getByRole('link', { name: 'Cart 2 pieces' })).toBeVisible()
  await page.reload()
  await expect(page.getByRole('spinbutton')).toHaveValue('2')
})

test('a variant that is sold out cannot be added', async ({ page, newShopper }) => {
  const path = '/p/trine-stacking-set?metal=white-gold'
  await visit(page, path)
  for (const radio of await page.getByRole('radio').all()) {
    await radio.check()
    await expect(page.getByRole('group', { name: 'Availability' })).toHaveText('Sold out')
    await expect(page.getByRole('button', { name: 'Sold out' })).toBeDisabled()
  }
  await page.getByRole('group', { name: 'Metal' }).getByRole('link', { name: 'Yellow gold' }).click()
  await size(page, 'EU 50').check()
  await expect(page.getByRole('button', { name: 'Add to cart' })).toBeEnabled()

  const plain = await newShopper({ javaScriptEnabled: false })
  await plain.goto(path)
  await plain.getByRole('button', { name: 'Add to cart' }).click()
  await expect(plain.getByRole('alert')).toBeVisible()
  await expect(plain.getByRole('heading', { level: 1, name: 'Trine Stacking Set' })).toBeVisible()
  await expect(plain.getByRole('link', { name: 'Cart empty' })).toBeVisible()
})

test('a checkout with mistakes says so at each field and keeps what was typed', async ({ page }) => {
  await addToCart(page)
  await visit(page, '/checkout')
  await page.getByRole('textbox', { name: 'Email' }).fill('ada at example')
  await page.getByRole('textbox', { name: 'Full name' }).fill('Ada')
  await page.getByRole('textbox', { name: 'Card number' }).fill('4242')
  await page.getByRole('button', { name: /^Pay €/ }).click()

  await expect(page.getByRole('alert')).toBeFocused()
  for (const [label, complaint] of [
    ['Email', 'Enter an email like name@example.com.'],
    ['Street and number', 'Enter your street and number.'],
    ['Postal code', 'Enter your postal code.'],
    ['City', 'Enter your city.'],
    ['Expiry date', /Enter the expiry date/],
    ['Security code', /Enter the 3 or 4 digits/],
  ] as const) {
    const field = page.getByRole('textbox', { name: label })
    await expect(field).toHaveAttribute('aria-invalid', 'true')
    await expect(field).toHaveAccessibleDescription(complaint)
  }
  await expect(page.getByRole('combobox', { name: 'Country' })).toHaveAccessibleDescription(
    'Choose a country we deliver to.',
  )
  await expect(page.getByRole('textbox', { name: 'Email' })).toHaveValue('ada at example')
  await expect(page.getByRole('textbox', { name: 'Full name' })).toHaveValue('Ada')
  await expect(page.getByRole('textbox', { name: 'Full name' })).not.toHaveAttribute('aria-invalid', 'true')
  await expect(page.getByRole('textbox', { name: 'Card number' })).toHaveValue('4242')

  await page.getByRole('textbox', { name: 'City' }).fill('Berlin')
  await expect(page.getByRole('textbox', { name: 'City' })).not.toHaveAttribute('aria-invalid', 'true')
  await placeOrder(page, CARD.accepted)
})

test('a card that the gateway refuses leaves the checkout as it was typed', async ({ page, noise }) => {
  noise.foresee(/status of 422.*test-gateway\/tokens/)
  await addToCart(page)
  await visit(page, '/checkout')
  await fillAddress(page)
  // A real number by its check digit, and no test card.
  await fillCard(page, '4111 1111 1111 1111')
  await page.getByRole('button', { name: /^Pay €/ }).click()
  await expect(page.getByRole('textbox', { name: 'Card number' })).toHaveAccessibleDescription(/test card/)
  await expect(page.getByRole('textbox', { name: 'City' })).toHaveValue(SHOPPER.City)
  await expect(page).toHaveURL('/checkout')
})

test('without JavaScript a refused checkout comes back with its messages and with what was typed', async ({
  newShopper,
}) => {
  const page = await newShopper({ javaScriptEnabled: false })
  await page.goto(STUDS.path)
  await page.getByRole('button', { name: 'Add to cart' }).click()
  await page.getByRole('link', { name: 'Checkout' }).click()
  await fillAddress(page)
  // Browsers take this for an email address.
  await page.getByRole('textbox', { name: 'Email' }).fill('ada@example')
  await page.getByRole('radio', { name: /^Express delivery/ }).check()
  await page.getByRole('button', { name: 'Pay on the next page' }).click()

  const email = page.getByRole('textbox', { name: 'Email' })
  await expect(email).toHaveAccessibleDescription('Enter an email like name@example.com.')
  await expect(email).toHaveValue('ada@example')
  await expect(page.getByRole('textbox', { name: 'City' })).toHaveValue(SHOPPER.City)
  await expect(page.getByRole('combobox', { name: 'Country' })).toHaveValue('DE')
  await expect(page.getByRole('radio', { name: /^Express delivery/ })).toBeChecked()
})

test('an order is not shown to anybody else', async ({ page, newShopper, noise }) => {
  noise.foresee(NOT_FOUND)
  const owner = await newShopper({ javaScriptEnabled: false })
  await reserve(owner)
  const response = await page.goto(new URL(owner.url()).pathname)
  expect(response?.status()).toBe(404)
  await expect(page.getByRole('heading', { level: 1, name: 'We cannot find this order' })).toBeVisible()
  await expect(page.getByText(SHOPPER['Full name'])).toHaveCount(0)
})

test('the script of the admin is fetched on the inventory page and on none of the shop', async ({ page }) => {
  const fetched: string[] = []
  page.on('request', request => fetched.push(new URL(request.url()).pathname))
  const adminChunks = () => fetched.filter(path => /split_.*admin/.test(path))
  for (const path of ['/', STUDS.path, STUDS.category, '/cart', '/checkout']) {
    await visit(page, path)
  }
  expect(adminChunks()).toEqual([])
  await openInventory(page)
  expect(adminChunks()).not.toEqual([])
})

test('every page of the shop opens without a complaint of the browser', async ({ page, newShopper }) => {
  const paths = [
    '/',
    STUDS.category,
    STUDS.path,
    '/cart',
    '/checkout',
    '/delivery',
    '/returns',
    '/imprint',
    '/privacy',
  ]
  const plain = await newShopper({ javaScriptEnabled: false })
  for (const path of paths) {
    const response = await page.goto(path)
    expect(response?.headers()['content-security-policy'], path).toContain('script-src')
    await expect(page.getByText('Live stock', { exact: true })).toBeVisible({ timeout: 15_000 })
    await plain.goto(path)
    await expect(plain.getByRole('heading', { level: 1 })).toBeVisible()
  }
})
