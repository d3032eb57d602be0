/** Cards, categories and the product page: what they tell, how they move, and how one gets about. */
import { type Locator, type Page } from '@playwright/test'
import {
  addToCart,
  availability,
  drawer,
  live,
  order,
  size,
  STUDS,
  visit,
  Watch,
} from './steps.ts'
import { expect, test } from './shop.ts'

/** Limited pieces of the demo shop: 7 of 12 are left of the first, in one metal and one size. */
const DROP = { title: 'Grotto Emerald Drops', path: '/p/grotto-emerald-drops' }
const LIMITED_RING = 'Tidewater Moonstone Ring'

const card = (page: Page, title: string): Locator => page.getByRole('article').filter({ hasText: title })

const box = async (locator: Locator) => {
  const box = await locator.boundingBox()
  if (!box) throw new Error('it is not on the page')
  return box
}

test.describe('cards of one metal', () => {
  test('tell the price, the stock and the page of that metal', async ({ page }) => {
    await page.goto('/c/rings?metal=white-gold')
    const trine = card(page, 'Trine Stacking Set')
    await expect(trine).toContainText('€1,220')
    await expect(trine).not.toContainText('From')
    await expect(trine).toContainText('Sold out')
    await expect(trine.getByRole('link')).toHaveAttribute('href', '/p/trine-stacking-set?metal=white-gold')
    await expect(trine.locator('img').first()).toHaveAttribute('src', /trine-stacking-set-white-gold/)
    await expect(card(page, 'Vega Solitaire Ring')).toContainText('€2,490')
    await expect(card(page, 'Fern Emerald Ring')).toContainText('€1,940')
    await expect(card(page, 'Fern Emerald Ring').getByText('Sale')).toHaveCount(0)
  })

  test('say "From" only where sizes differ in price, and show what is reduced in that metal', async ({ page }) => {
    await page.goto('/c/necklaces?metal=yellow-gold')
    await expect(card(page, 'Halcyon Sapphire Pendant')).toContainText('From €980')
    await page.goto('/c/rings?metal=yellow-gold')
    const fern = card(page, 'Fern Emerald Ring')
    await expect(fern).toContainText('€1,890')
    await expect(fern).not.toContainText('From')
    await expect(fern.locator('s')).toContainText('€2,150')
    await expect(fern.getByText('Sale')).toBeVisible()
  })

  test('are sorted by the price of that metal', async ({ page }) => {
    const titles = page.getByRole('article').getByRole('heading')
    await page.goto('/c/rings?metal=white-gold&sort=price')
    await expect(titles).toHaveText([
      'Trine Stacking Set',
      'Meridian Eternity Band',
      'Fern Emerald Ring',
      'Vega Solitaire Ring',
    ])
    await page.goto('/c/rings?metal=sterling-silver&sort=price-down')
    await expect(titles).toHaveText(['Notary Onyx Signet', 'Trine Stacking Set', LIMITED_RING])
  })

  test('move with the stock of that metal and with no other', async ({ page, newShopper }) => {
    await visit(page, '/c/rings?metal=yellow-gold')
    const gold = card(page, LIMITED_RING)
    await expect(gold).toContainText('5 of 12 left')
    const other = await newShopper({ javaScriptEnabled: false })
    await order(other, '/p/tidewater-moonstone-ring?variant=AS-TID-SS-54')
    await order(other, '/p/tidewater-moonstone-ring?variant=AS-TID-YG-54')
    await expect(gold).toContainText('4 of 12 left')
    await page.goto('/c/rings')
    await expect(card(page, LIMITED_RING)).toContainText('8 of 24 left')
  })
})

test('a sale of a limited piece shows at once on the front page, and moves nothing', async ({
  page,
  newShopper,
}) => {
  const watch = await Watch.open(page, '/')
  const piece = card(page, DROP.title)
  const stock = piece.locator('.stock')
  await expect(stock).toHaveText('7 of 12 left')
  await expect(stock).not.toHaveAttribute('data-beat')
  const [before, note] = [await box(stock), await box(piece.getByText('Limited run'))]
  await page.evaluate(() => {
    Object.assign(window, { shifts: 0 })
    new PerformanceObserver(list => {
      for (const _ of list.getEntries()) Object.assign(window, { shifts: 1 })
    }).observe({ type: 'layout-shift' })
  })
  await order(await newShopper({ javaScriptEnabled: false }), DROP.path)
  await expect(stock).toHaveText('6 of 12 left')
  await expect(stock).toHaveAttribute('data-beat', 'odd')
  expect(await box(stock)).toEqual(before)
  expect(await box(piece.getByText('Limited run'))).toEqual(note)
  expect(await page.evaluate(() => 'shifts' in window && window.shifts), 'layout shifts').toBe(0)
  await watch.expectOnlyTheSocket()
})

test('a change is marked for at most 1.2 s, and rolls only for those who like motion', async ({
  page,
  newShopper,
}) => {
  await page.emulateMedia({ reducedMotion: 'reduce' })
  await visit(page, DROP.path)
  await order(await newShopper({ javaScriptEnabled: false }), DROP.path)
  const stock = availability(page).locator('.stock')
  await expect(stock).toHaveText('6 of 12 left')
  const animations = () =>
    page.evaluate(() =>
      document.getAnimations().map(animation => ({
        name: animation instanceof CSSAnimation ? animation.animationName : '',
        end: Number(animation.effect?.getComputedTiming().endTime),
      })),
    )
  for (const { name, end } of await animations()) {
    expect(name).not.toMatch(/roll/)
    expect(end).toBeLessThanOrEqual(1_200)
  }
  await page.emulateMedia({ reducedMotion: 'no-preference' })
  const rolled = page.evaluate(
    () =>
      new Promise<string>(resolve =>
        document.addEventListener('animationstart', event => {
          if (event.animationName.startsWith('roll-in')) resolve(event.animationName)
        }),
      ),
  )
  await order(await newShopper({ javaScriptEnabled: false }), DROP.path)
  await expect(stock).toHaveText('5 of 12 left')
  expect(await rolled).toMatch(/^roll-in/)
})

test('numbers that may be old say since when, in the time of this place', async ({ browser, shop, noise }) => {
  noise.foresee(/WebSocket connection to .* failed/)
  const context = await browser.newContext({ baseURL: shop.url, timezoneId: 'Asia/Kolkata' })
  noise.listenTo(context)
  const page = await context.newPage()
  await visit(page, DROP.path)
  const clock = () =>
    page.evaluate(() => {
      const now = new Date()
      return [now.getHours(), now.getMinutes()].map(n => String(n).padStart(2, '0')).join(':')
    })
  // The minute may change in between.
  const from = await clock()
  await shop.kill()
  const note = page.getByText(/^No connection\. Numbers as of \d\d:\d\d\.$/)
  await expect(note).toBeInViewport()
  const since = (await note.textContent())?.match(/\d\d:\d\d/)?.[0]
  expect([from, await clock()]).toContain(since)
  await expect(page.getByText(`as of ${since}`, { exact: true })).toBeVisible()
  await shop.start()
  await page.keyboard.press('Shift')
  await live(page)
  await expect(note).toHaveCount(0)
  await context.close()
})

test('what is no choice is said and not asked', async ({ page, newShopper }) => {
  await visit(page, DROP.path)
  const form = page.locator('form.buy')
  await expect(page.getByText('Yellow gold, one size', { exact: true })).toBeVisible()
  await expect(form.getByRole('radio')).toHaveCount(0)
  await expect(form.getByRole('group', { name: 'Metal' })).toHaveCount(0)
  await addToCart(page, DROP.path)

  const plain = await newShopper({ javaScriptEnabled: false })
  await plain.goto(DROP.path)
  await plain.getByRole('button', { name: 'Add to cart' }).click()
  await expect(plain.getByRole('heading', { name: DROP.title })).toBeVisible()
})

test('choosing a metal is announced with its price and what is left of it', async ({ page }) => {
  await visit(page, STUDS.path)
  const metals = page.getByRole('group', { name: 'Metal' })
  await metals.getByRole('link', { name: /^Yellow gold .*sold out$/ }).click()
  await expect(page.getByText('Yellow gold, €395. One size: Sold out', { exact: true })).toBeAttached()
  await expect(page.getByRole('button', { name: 'Sold out' })).toBeDisabled()
  await page.getByRole('link', { name: 'See similar pieces' }).click()
  await expect(page.getByRole('heading', { name: 'Goes well with' })).toBeInViewport()
})

test('a chosen metal and size look chosen where the system has the colours', async ({ page }) => {
  await page.emulateMedia({ forcedColors: 'active' })
  await visit(page, '/p/vega-solitaire-ring')
  const ground = (locator: Locator) =>
    locator.evaluate(element => getComputedStyle(element).backgroundColor)
  const metals = page.getByRole('group', { name: 'Metal' }).getByRole('link')
  expect(await ground(metals.nth(0))).not.toBe(await ground(metals.nth(1)))
  const picks = page.locator('label.pick')
  const chosen = picks.filter({ has: page.locator(':checked') })
  const another = picks.filter({ hasNot: page.locator(':checked') }).first()
  expect(await ground(chosen)).not.toBe(await ground(another))
  const gold = page.locator('.swatch[data-metal="yellow-gold"]').first()
  expect(await ground(gold)).toBe('rgb(217, 178, 95)')
})

test('the pictures open large, go on by arrow key, and give the focus back', async ({ page }) => {
  await visit(page, '/p/trine-stacking-set')
  const open = page.getByRole('link', { name: 'Enlarge picture 1 of 3' })
  await open.focus()
  await page.keyboard.press('Enter')
  const zoom = page.getByRole('dialog', { name: 'Pictures, enlarged' })
  await expect(zoom).toBeVisible()
  await expect(zoom.locator('#zoom-1')).toBeInViewport({ ratio: 0.9 })
  await page.keyboard.press('ArrowRight')
  await expect(zoom.locator('#zoom-2')).toBeInViewport({ ratio: 0.9 })
  await page.keyboard.press('Escape')
  await expect(zoom).toBeHidden()
  await expect(open).toBeFocused()
  await expect(page).toHaveURL(/trine-stacking-set$/)
})

test('the small picture of the one in sight is marked', async ({ page }) => {
  await visit(page, '/p/trine-stacking-set')
  const marked = page.locator('.thumbs a[aria-current]')
  await expect(marked).toHaveAttribute('href', '#picture-1')
  await page.locator('.thumbs a').nth(1).click()
  await expect(marked).toHaveAttribute('href', '#picture-2')
})

test('a size guide opens in a dialog with a strip to print, and without script in its place', async ({
  page,
  newShopper,
}) => {
  await visit(page, '/p/vega-solitaire-ring')
  await page.getByRole('link', { name: 'Size guide' }).click()
  const guide = page.getByRole('dialog', { name: 'Size guide' })
  await expect(guide.getByRole('row', { name: /^54 17\.2/ })).toBeVisible()
  const strip = await guide.getByRole('link', { name: 'Print the measuring strip' }).getAttribute('href')
  const answer = await page.request.get(strip ?? '')
  expect(answer.headers()['content-type']).toContain('image/svg+xml')
  expect(await answer.text()).toContain('width="297mm"')
  await guide.getByRole('button', { name: 'Close' }).click()
  await expect(guide).toBeHidden()

  const plain = await newShopper({ javaScriptEnabled: false })
  await plain.goto('/p/vega-solitaire-ring')
  await plain.getByRole('link', { name: 'Size guide' }).click()
  await expect(plain.getByRole('heading', { name: 'Size guide' })).toBeVisible()
})

test('what was added is shown in a drawer with the way on, and closing it leads back', async ({ page }) => {
  await addToCart(page)
  const button = page.getByRole('button', { name: 'Add to cart' })
  await expect(button).toBeFocused()
  await button.click()
  await expect(drawer(page).getByText('Subtotal, 2 pieces')).toBeVisible()
  await expect(drawer(page).getByText(STUDS.title)).toBeVisible()
  await expect(drawer(page).getByText('€840.00').first()).toBeVisible()
  const checkout = drawer(page).getByRole('link', { name: 'Checkout' })
  await expect(checkout).toBeFocused()
  await checkout.press('Enter')
  await expect(page).toHaveURL('/checkout')
  await page.goBack()
  await live(page)
  await expect(drawer(page)).toBeHidden()
})

test('where the drawer never arrives the page says all the same that it was added', async ({ page, noise }) => {
  noise.foresee(/ERR_FAILED|split/i)
  await page.route(/split_open_drawer.*\.wasm/, route => route.abort())
  await visit(page, STUDS.path)
  await page.getByRole('button', { name: 'Add to cart' }).click()
  await expect(page.getByText('Added. You have 1 piece in your cart.')).toBeVisible()
  await page.getByRole('link', { name: 'View cart' }).click()
  await expect(page.getByRole('heading', { name: STUDS.title })).toBeVisible()
})

test.describe('on a phone', () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true })

  test('the first card of a category is near, and metals and orders open as a sheet', async ({ page }) => {
    await page.goto('/c/rings')
    for (const width of [320, 390]) {
      await page.setViewportSize({ width, height: 844 })
      expect((await box(page.getByRole('article').first())).y, `${width} px`).toBeLessThan(330)
    }
    await page.getByRole('button', { name: 'Metal: All metals' }).click()
    await page.getByRole('navigation', { name: 'Metal' }).getByRole('link', { name: /^White gold/ }).click()
    await expect(page).toHaveURL('/c/rings?metal=white-gold')
    await expect(page.getByRole('button', { name: 'Metal: White gold' })).toBeVisible()
    await page.getByRole('button', { name: 'Sort: Featured' }).click()
    await page.keyboard.press('Escape')
    await expect(page.getByRole('navigation', { name: 'Sort' })).toBeHidden()
  })

  test('price and button are in sight from the start and stay there', async ({ page }) => {
    await visit(page, '/p/vega-solitaire-ring')
    const button = page.getByRole('button', { name: 'Add to cart' })
    await expect(button).toBeInViewport({ ratio: 1 })
    await expect(page.locator('.buy__bar-price')).toHaveText('€2,490')
    await page.getByText('30 days, free.').scrollIntoViewIfNeeded()
    await expect(button).toBeInViewport({ ratio: 1 })
    await size(page, 'EU 56').check()
    await button.click()
    await expect(drawer(page).getByText('White gold, EU 56')).toBeVisible()
  })
})

test('cards of one row have their prices on one line', async ({ page }) => {
  await page.goto('/c/rings')
  for (const width of [320, 390, 768, 1440, 2560]) {
    await page.setViewportSize({ width, height: 900 })
    const rows = await page.getByRole('article').evaluateAll(cards => {
      const rows = new Map<number, Set<number>>()
      for (const card of cards) {
        const top = Math.round(card.getBoundingClientRect().top)
        const price = card.querySelector('.card__price')
        if (!price) throw new Error('a card without a price')
        rows.set(top, (rows.get(top) ?? new Set()).add(Math.round(price.getBoundingClientRect().top)))
      }
      return [...rows.values()].map(prices => prices.size)
    })
    expect(new Set(rows), `${width} px`).toEqual(new Set([1]))
  }
})

test('home has one left edge at every width from a laptop on', async ({ page }) => {
  await page.goto('/')
  for (const width of [1024, 1366, 1920, 2560]) {
    await page.setViewportSize({ width, height: 768 })
    const edges = await Promise.all(
      ['.opening__words', '#drop .section__head', '.composition__media', '.tiles'].map(async selector =>
        Math.round((await box(page.locator(selector).first())).x),
      ),
    )
    expect(new Set(edges).size, `${width} px: ${edges.join(', ')}`).toBe(1)
  }
  await page.setViewportSize({ width: 1366, height: 768 })
  await expect(page.getByRole('heading', { level: 1 })).toBeInViewport({ ratio: 1 })
  await expect(page.getByRole('link', { name: 'See the drop' })).toBeInViewport({ ratio: 1 })
})
