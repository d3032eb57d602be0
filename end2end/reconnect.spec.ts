import {
  availability,
  buy,
  cancelOrder,
  CARD,
  expectConfirmed,
  headline,
  live,
  liveAgain,
  reserve,
  steps,
  STUDS,
  visit,
  Watch,
} from './steps.ts'
import { expect, test } from './shop.ts'

const UNREACHABLE = /WebSocket connection to .* failed/

test('a page that lost the server says so, comes back by itself and has missed nothing', async ({
  page,
  shop,
  newShopper,
  noise,
}) => {
  noise.foresee(UNREACHABLE)
  await visit(page, STUDS.path)
  const watch = await Watch.from(page)
  await expect(availability(page)).toHaveText('2 left')

  await shop.kill()
  await expect(page.getByText('Reconnecting…')).toBeVisible()
  // The page cannot hear of this sale: the server is not where the page looks for it.
  await shop.startElsewhere()
  await reserve(await newShopper({ javaScriptEnabled: false, baseURL: shop.url }))
  await shop.stop()
  await expect(page.getByText('Reconnecting…')).toBeVisible()
  await expect(availability(page)).toHaveText('2 left')

  await shop.start()
  await liveAgain(page)
  await expect(availability(page)).toHaveText('1 left')
  await watch.expectNoReload()
})

test('a server that is stopped properly lets go of open pages, and they return to it', async ({
  page,
  shop,
  newShopper,
  noise,
}) => {
  noise.foresee(UNREACHABLE)
  await visit(page, STUDS.path)
  await shop.stop()
  await expect(page.getByText('Reconnecting…')).toBeVisible()
  await shop.start()
  await liveAgain(page)
  await reserve(await newShopper({ javaScriptEnabled: false }))
  await expect(availability(page)).toHaveText('1 left')
})

test('a page without network says so, and catches up when the network is back', async ({
  page,
  newShopper,
  noise,
}) => {
  noise.foresee(/ERR_INTERNET_DISCONNECTED/)
  await visit(page, STUDS.path)
  const watch = await Watch.from(page)
  await page.context().setOffline(true)
  await expect(page.getByText('Offline', { exact: true })).toBeVisible()
  await reserve(await newShopper({ javaScriptEnabled: false }))
  await expect(availability(page)).toHaveText('2 left')
  await page.context().setOffline(false)
  await live(page)
  await expect(availability(page)).toHaveText('1 left')
  await watch.expectNoReload()
})

test('a browser that wrongly says it has no network is live all the same', async ({ page }) => {
  await page.addInitScript(() => Object.defineProperty(Navigator.prototype, 'onLine', { get: () => false }))
  await visit(page, STUDS.path)
  await expect(availability(page)).toHaveText('2 left')
})

test('numbers that may be old look it, and whoever does something does not wait', async ({
  page,
  shop,
  noise,
}) => {
  noise.foresee(UNREACHABLE)
  await visit(page, STUDS.path)
  await shop.kill()
  await expect(page.locator('html[data-stale]')).toBeAttached()
  await expect(availability(page).locator('.stock')).toHaveCSS('font-style', 'italic')
  await shop.start()
  await page.keyboard.press('Shift')
  await live(page)
  await expect(page.locator('html[data-stale]')).not.toBeAttached()
})

test('a connection that is lost for a moment is no news, one that stays lost is, with its day', async ({
  page,
  shop,
  noise,
}) => {
  noise.foresee(UNREACHABLE)
  await page.clock.install()
  await visit(page, STUDS.path)
  await page.clock.pauseAt(Date.now() + 60_000)
  const stale = page.locator('html[data-stale]')
  const note = page.getByText(/^No connection\./)
  await live(page)
  await shop.kill()
  await expect(page.getByText('Reconnecting…')).toBeVisible()
  await page.clock.runFor(2_900)
  await expect(stale).not.toBeAttached()
  await expect(note).toHaveCount(0)
  await page.clock.runFor(200)
  await expect(stale).toBeAttached()
  await expect(note).toHaveText(/as of \d\d:\d\d\.$/)
  await shop.start()
  await page.clock.runFor(60_000)
  await expect(stale).not.toBeAttached()
  await live(page)
  // A laptop that is opened again the day after.
  await shop.kill()
  await expect(page.getByText('Reconnecting…')).toBeVisible()
  await page.clock.fastForward('24:00:00')
  await expect(note).toHaveText(/as of [A-Z][a-z]{2} [A-Z][a-z]{2} \d\d, \d\d:\d\d\.$/)
})

test.describe('while the bank takes its time', () => {
  test.use({ shopEnv: { VITRINE_TEST_GATEWAY_DELAY_MS: '4000' } })

  test('an order whose payment was cut off by a crash is confirmed after the restart', async ({
    page,
    shop,
    noise,
  }) => {
    noise.foresee(UNREACHABLE)
    await buy(page, CARD.accepted)
    await expect(steps(page).nth(2)).toHaveText('Paying')
    await live(page)
    const watch = await Watch.from(page)
    await shop.kill()
    await expect(page.getByText('Reconnecting…')).toBeVisible()
    await shop.start()
    await liveAgain(page)
    await expectConfirmed(page)
    await watch.expectNoReload()
  })
})

test.describe('while the bank is slow', () => {
  test.use({ shopEnv: { VITRINE_TEST_GATEWAY_DELAY_MS: '30000' } })

  test('an order that waits for the bank can be cancelled', async ({ page }) => {
    await buy(page, CARD.accepted)
    await expect(steps(page).nth(2)).toHaveText('Paying')
    await cancelOrder(page)
    await expect(headline(page, 'Order cancelled')).toBeVisible()
  })
})
