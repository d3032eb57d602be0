/** A purchase by keyboard alone: how often Tab is pressed from the front page to the confirmed order. */
import { type Locator, type Page } from '@playwright/test'
import { drawer, expectConfirmed, live, SHOPPER } from './steps.ts'
import { expect, test } from './shop.ts'

/** Over the whole way; it was 73. */
const MOST_TABS = 45

class Keyboard {
  private tabs = 0
  private readonly counted: string[] = []

  constructor(private readonly page: Page) {}

  /** Presses Tab until `target` has the focus. */
  async to(target: Locator, name: string): Promise<void> {
    await expect(target, name).toBeVisible()
    const before = this.tabs
    while (!(await target.evaluate(element => element === document.activeElement))) {
      await this.page.keyboard.press('Tab')
      this.tabs++
      expect(this.tabs - before, `Tabs to ${name}`).toBeLessThan(60)
    }
    this.counted.push(`${name} ${this.tabs - before}`)
  }

  /** Goes there and presses Enter. */
  async press(target: Locator, name: string): Promise<void> {
    await this.to(target, name)
    await this.page.keyboard.press('Enter')
  }

  async type(label: string, text: string): Promise<void> {
    await this.to(this.page.getByRole('textbox', { name: label }), label)
    await this.page.keyboard.type(text)
  }

  /** By the link that every page begins with. */
  async skip(): Promise<void> {
    await this.press(this.page.getByRole('link', { name: 'Skip to content' }), 'skip')
  }

  expectFew(): void {
    expect(this.tabs, this.counted.join(', ')).toBeLessThanOrEqual(MOST_TABS)
  }
}

test(`a purchase by keyboard takes at most ${MOST_TABS} Tabs`, async ({ page }) => {
  const keyboard = new Keyboard(page)
  const main = page.getByRole('main')
  await page.goto('/')
  const rings = page.getByRole('navigation', { name: 'Categories' }).getByRole('link', { name: 'Rings', exact: true })
  await keyboard.press(rings, 'Rings')
  await page.waitForURL('/c/rings')
  await live(page)
  await keyboard.skip()
  // The first card: what stands before it stands before all.
  const piece = main.getByRole('article').first().getByRole('link').first()
  await keyboard.press(piece, 'the first piece')
  await page.waitForURL(/\/p\//)
  await live(page)
  await keyboard.skip()
  await keyboard.press(main.getByRole('button', { name: 'Add to cart' }), 'Add to cart')
  await expect(page.getByRole('link', { name: 'Cart 1 piece' })).toBeVisible()
  // The drawer opens with the way on in focus.
  const checkout = drawer(page).getByRole('link', { name: 'Checkout' })
  await expect(checkout).toBeFocused()
  await keyboard.press(checkout, 'Checkout')
  await page.waitForURL('/checkout')
  await live(page)
  await expect(page.locator('.checkout__form[data-awake]')).toBeVisible()
  await keyboard.skip()
  for (const [label, text] of Object.entries(SHOPPER)) await keyboard.type(label, text)
  await keyboard.to(page.getByRole('combobox', { name: 'Country' }), 'Country')
  await page.keyboard.type('Germany')
  await keyboard.type('Card number', '4242424242424242')
  await keyboard.type('Expiry date', '1240')
  await keyboard.type('Security code', '123')
  await keyboard.press(page.getByRole('button', { name: /^Pay €/ }), 'Pay')
  await page.waitForURL(/\/orders\//)
  await expectConfirmed(page)
  keyboard.expectFew()
})
