/**
 * A shop of its own for every test: the real server, an empty database, a free port.
 *
 *     import { expect, test } from './shop.ts'
 *
 *     test('…', async ({ page, shop }) => {
 *       await page.goto('/')          // relative addresses lead to this test's shop
 *       await shop.restart()          // the same data and the same port
 *     })
 *
 *     test('…', async ({ page, newShopper }) => {
 *       const other = await newShopper()                              // a browser of somebody else
 *       const plain = await newShopper({ javaScriptEnabled: false })
 *     })
 *
 *     test.use({ shopEnv: { VITRINE_TEST_GATEWAY_DELAY_MS: '500' } })
 */
import { type BrowserContextOptions, type Page, test as base } from '@playwright/test'
import { Noise } from './noise.ts'
import { Shop } from './server.ts'

export { expect } from '@playwright/test'
export { Shop, ADMIN } from './server.ts'
export { shot } from './shot.ts'

/** How many characters of a failed test's server output go to the console: the last ones. */
const OUTPUT_SHOWN = 4_000

export type ShopOptions = {
  /** Settings for this test's server, on top of the usual ones. */
  shopEnv: Record<string, string>
}

type ShopFixtures = {
  shop: Shop
  /** Fails the test for whatever a page complains about and the test did not foresee. */
  noise: Noise
  /** A page in a new browser context: somebody else, with cookies of their own. */
  newShopper: (options?: BrowserContextOptions) => Promise<Page>
}

export const test = base.extend<ShopOptions & ShopFixtures>({
  shopEnv: [{}, { option: true }],

  shop: async ({ shopEnv }, use, testInfo) => {
    const shop = await Shop.open(shopEnv)
    try {
      await use(shop)
    } finally {
      await shop.close()
      if (testInfo.status !== testInfo.expectedStatus) {
        await testInfo.attach('server output', { body: shop.output, contentType: 'text/plain' })
        // The report shows an attachment's first line only, and CI keeps no attachments at all.
        console.error(`server output:\n${shop.output.slice(-OUTPUT_SHOWN)}`)
      }
    }
  },

  baseURL: async ({ shop }, use) => use(shop.url),

  noise: async ({}, use) => {
    const noise = new Noise()
    await use(noise)
    base.expect(noise.unforeseen(), 'what the pages complained about').toEqual([])
  },

  context: async ({ context, noise }, use) => {
    noise.listenTo(context)
    await use(context)
  },

  newShopper: async ({ browser, shop, noise }, use) => {
    const opened: (() => Promise<void>)[] = []
    await use(async options => {
      const context = await browser.newContext({ baseURL: shop.url, ...options })
      opened.push(() => context.close())
      noise.listenTo(context)
      return context.newPage()
    })
    await Promise.all(opened.map(close => close()))
  },
})
