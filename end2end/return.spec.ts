/** Pages one comes back to, fetched early, or has open twice: each shows the cart as it is. */
import { type Page } from '@playwright/test'
import { addToCart, buy, CARD, live, STUDS, visit } from './steps.ts'
import { expect, test } from './shop.ts'

// Playwright turns the back/forward cache off by itself.
test.use({
  launchOptions: async ({ launchOptions }, use) =>
    use({
      ...launchOptions,
      ignoreDefaultArgs: ['--disable-back-forward-cache'],
      // A page that the test itself hands out counts as one of the internet, which may not open a
      // socket on this machine.
      args: [...(launchOptions.args ?? []), '--disable-features=LocalNetworkAccessChecks'],
    }),
})

const cartLink = (page: Page, words: string) =>
  page.getByRole('banner').getByRole('link', { name: `Cart ${words}` })

test('a page out of the back/forward cache shows the cart as it is', async ({ page }) => {
  await page.addInitScript(() =>
    addEventListener('pageshow', event => Object.assign(window, { persisted: event.persisted })),
  )
  await visit(page, '/c/rings')
  await page.getByRole('article').first().getByRole('link').first().click()
  await live(page)
  await page.getByRole('button', { name: 'Add to cart' }).click()
  await expect(page.getByText('Added. You have 1 piece in your cart.')).toBeVisible()
  // A page out of the cache is not loaded, which `goBack` would wait for.
  await page.evaluate(() => setTimeout(() => history.back(), 0))
  await expect(page).toHaveURL(/\/c\/rings$/)
  await expect.poll(() => page.evaluate(() => 'persisted' in window && window.persisted)).toBe(true)
  await expect(cartLink(page, '1 piece')).toBeVisible()
})

test('the cart in a second tab follows', async ({ page, context }) => {
  await addToCart(page, '/p/vega-solitaire-ring')
  const cart = await context.newPage()
  await visit(cart, '/cart')
  await expect(cart.getByRole('spinbutton')).toHaveValue('1')
  await page.getByRole('button', { name: 'Add to cart' }).click()
  await expect(cart.getByRole('spinbutton')).toHaveValue('2')
  await expect(cartLink(cart, '2 pieces')).toBeVisible()
  // Another tab that opens with an older page does not take the count back.
  await expect(cartLink(page, '2 pieces')).toBeVisible()
})

test('a page that was fetched before the last change shows the count as it is, in every tab', async ({
  page,
  context,
}) => {
  const home = await (await page.request.get('/')).text()
  await addToCart(page)
  const other = await context.newPage()
  await visit(other, '/delivery')
  await page.route('**/', route => route.fulfill({ body: home, contentType: 'text/html' }))
  await page.goto('/')
  await live(page)
  await expect(cartLink(page, '1 piece')).toBeVisible()
  await expect(cartLink(other, '1 piece')).toBeVisible()
})

test('back from the order leads to the order or to a checkout that works, without a card', async ({ page }) => {
  await buy(page, CARD.accepted)
  const order = page.url()
  await page.goBack()
  await expect(async () => {
    const atOrder = page.url() === order
    const empty = await page.getByText('There is nothing in your cart yet.').isVisible()
    expect(atOrder || empty).toBe(true)
  }).toPass()
  await expect(page.getByText('Placing your order…')).toBeHidden()
})

test('two new tabs that add at once are one shopper', async ({ page, context }) => {
  const other = await context.newPage()
  await visit(page, '/p/vega-solitaire-ring')
  await visit(other, STUDS.path)
  const add = (tab: Page) => tab.getByRole('button', { name: 'Add to cart' }).dispatchEvent('click')
  await Promise.all([add(page), add(other)])
  for (const tab of [page, other]) await expect(cartLink(tab, '2 pieces')).toBeVisible()
  await page.goto('/cart')
  await expect(page.getByRole('spinbutton')).toHaveCount(2)
})
