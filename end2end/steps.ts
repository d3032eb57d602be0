/** What people do in the shop, in the words of its pages. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, type Locator, type Page } from '@playwright/test'
import { ADMIN, type Shop } from './shop.ts'

export const CARD = {
  accepted: '4242 4242 4242 4242',
  declined: '4000 0000 0000 0002',
  challenged: '4000 0025 0000 3155',
  insufficientFunds: '4000 0000 0000 9995',
}

/** Two pieces of it in white gold, none in yellow: every sale shows on pages and cards. */
export const STUDS = {
  title: 'Lumen Topaz Studs',
  path: '/p/lumen-topaz-studs',
  sku: 'AS-LUM-WG-OS',
  category: '/c/earrings',
}

export const SHOPPER = {
  Email: 'ada@example.com',
  'Full name': 'Ada Lovelace',
  'Street and number': '12 St James Square',
  'Postal code': '10115',
  City: 'Berlin',
}

/** Includes fetching and compiling a development build's WASM on a busy machine. */
export const AWAKE_MS = 15_000
/** A dropped socket waits longer the more often it failed. */
const RECONNECT_MS = 25_000

/** Waits until the page's script is awake, lazy parts included, and its socket is open. */
export async function live(page: Page, timeout = AWAKE_MS): Promise<void> {
  await expect(page.locator('leptos-island:not([data-awake])')).toHaveCount(0, { timeout })
  await expect(page.getByText('Live stock', { exact: true })).toBeVisible({ timeout })
}

/** Waits until a page that lost its socket has it back. */
export const liveAgain = (page: Page) => live(page, RECONNECT_MS)

/** Opens a page and waits until it is live. */
export async function visit(page: Page, path: string): Promise<void> {
  await page.goto(path)
  await live(page)
}

/** What the product page or the cart says is left. */
export const availability = (page: Page): Locator => page.getByRole('group', { name: 'Availability' })

/** The cart beside the page, which opens when something was added. */
export const drawer = (page: Page): Locator => page.getByRole('dialog', { name: 'Added to your cart' })

export const size = (page: Page, label: string): Locator =>
  page.getByRole('radio', { name: new RegExp(`^${label}`) })

export async function addToCart(page: Page, path = STUDS.path): Promise<void> {
  await visit(page, path)
  await page.getByRole('button', { name: 'Add to cart' }).click()
  await expect(page.getByText(/^Added\. You have \d+ pieces? in your cart\.$/)).toBeVisible()
  await expect(drawer(page)).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(drawer(page)).toBeHidden()
}

export async function fillAddress(page: Page): Promise<void> {
  for (const [label, text] of Object.entries(SHOPPER)) {
    await page.getByRole('textbox', { name: label }).fill(text)
  }
  await page.getByRole('combobox', { name: 'Country' }).selectOption('Germany')
}

export async function fillCard(page: Page, number: string): Promise<void> {
  await page.getByRole('textbox', { name: 'Card number' }).fill(number)
  await page.getByRole('textbox', { name: 'Expiry date' }).fill('12 / 40')
  await page.getByRole('textbox', { name: 'Security code' }).fill('123')
}

/** Fills the checkout that is open, sends it, and waits for the order's page. */
export async function placeOrder(page: Page, card: string): Promise<void> {
  await fillAddress(page)
  await fillCard(page, card)
  await page.getByRole('button', { name: /^Pay €/ }).click()
  await page.waitForURL(/\/orders\//)
}

/** Cancels the order that is open: it is asked once. */
export async function cancelOrder(page: Page): Promise<void> {
  await page.getByText('Cancel order', { exact: true }).click()
  await page.getByRole('button', { name: 'Yes, cancel it' }).click()
}

/** Buys one piece from product page to order page. */
export async function buy(page: Page, card: string, path = STUDS.path): Promise<void> {
  await addToCart(page, path)
  await visit(page, '/checkout')
  await placeOrder(page, card)
}

/** Sends the checkout that is open in a browser without script. */
export async function placePlainOrder(page: Page): Promise<void> {
  await fillAddress(page)
  await page.getByRole('button', { name: 'Pay on the next page' }).click()
  await page.waitForURL(/\/orders\//)
}

/** Orders one piece in a browser without script. Open pages show when it is reserved. */
export async function order(page: Page, path = STUDS.path): Promise<void> {
  await page.goto(path)
  await page.getByRole('button', { name: 'Add to cart' }).click()
  await page.getByRole('link', { name: 'Checkout' }).click()
  await placePlainOrder(page)
}

/** The same, and waits until the piece is reserved and the card is asked for. */
export async function reserve(page: Page, path = STUDS.path): Promise<void> {
  await order(page, path)
  await expect(headline(page, 'Your pieces are reserved')).toBeVisible()
}

/** The order page's sentence about how things stand. */
export const headline = (page: Page, words: string): Locator =>
  page.getByRole('status').filter({ hasText: words })

/** The four steps of an order, in their order. */
export const steps = (page: Page): Locator =>
  page.getByRole('list', { name: 'Order progress' }).getByRole('listitem')

export async function expectConfirmed(page: Page): Promise<void> {
  await expect(headline(page, 'Your order is confirmed')).toBeVisible()
  await expect(steps(page)).toHaveText(['Placed', 'Reserved', 'Paid', 'Confirmed'])
}

export async function signIn(page: Page, password = ADMIN.password): Promise<void> {
  await page.goto('/admin/sign-in')
  await page.getByRole('textbox', { name: 'Email' }).fill(ADMIN.email)
  await page.getByRole('textbox', { name: 'Password' }).fill(password)
  await page.getByRole('button', { name: 'Sign in' }).click()
}

/** Signs in and waits until the inventory moves by itself. */
export async function openInventory(page: Page): Promise<void> {
  await signIn(page)
  await expect(page.getByRole('heading', { name: 'Inventory' })).toBeVisible()
  await live(page)
  // The table's script comes later than the page's. Once it is there it reads what was typed.
  await page.getByRole('searchbox').fill(STUDS.sku)
  await expect(page.getByText(/^1 of \d+ SKUs$/)).toBeVisible({ timeout: AWAKE_MS })
}

/** Notes what a page does from now on that a page which is only being looked at must not do. */
export class Watch {
  private readonly requests: string[] = []
  private readonly sockets: string[] = []
  private navigations = 0

  private constructor(private readonly page: Page) {}

  /** Before the page is opened. */
  static async open(page: Page, path: string): Promise<Watch> {
    const watch = new Watch(page)
    page.on('websocket', socket => watch.sockets.push(socket.url()))
    await visit(page, path)
    // Pictures further down may still be on their way.
    await page.waitForLoadState('networkidle')
    return watch.begin()
  }

  /** For a page that is open already. */
  static async from(page: Page): Promise<Watch> {
    return new Watch(page).begin()
  }

  private async begin(): Promise<Watch> {
    this.page.on('request', request => this.requests.push(request.url()))
    this.page.on('framenavigated', () => this.navigations++)
    await this.page.evaluate(() => Object.assign(window, { stillHere: true }))
    return this
  }

  /** The page is the very one that was opened. */
  async expectNoReload(): Promise<void> {
    expect(await this.page.evaluate(() => 'stillHere' in window), 'the same document').toBe(true)
    expect(this.navigations, 'navigations').toBe(0)
    const loads = await this.page.evaluate(() => performance.getEntriesByType('navigation').length)
    expect(loads, 'loads of this document').toBe(1)
  }

  /** All the page heard it heard on its one socket. */
  async expectOnlyTheSocket(): Promise<void> {
    await this.expectNoReload()
    expect(this.requests, 'requests after the page was open').toEqual([])
    expect(this.sockets, 'sockets').toHaveLength(1)
  }
}

/** The newest link of an invitation that was written to somebody. */
export async function invitation(shop: Shop, email: string): Promise<string> {
  let link: string | undefined
  await expect(async () => {
    const folder = join(shop.dataDir, 'mails')
    const files = (await readdir(folder, { recursive: true })).filter(name => name.endsWith('.eml'))
    const mails = await Promise.all(files.map(name => readFile(join(folder, name), 'utf8')))
    const texts = mails
      .filter(mail => mail.includes(email))
      .map(mail => mail.replace(/=\r?\n/g, '').replace(/=3D/g, '='))
    link = texts.map(text => /\/admin\/join\/[\w-]+/.exec(text)?.[0]).findLast(Boolean)
    expect(link, `an invitation of ${email}`).toBeDefined()
  }).toPass()
  return link ?? ''
}
