import { type Page } from '@playwright/test'
import { buy, CARD, expectConfirmed, order, SHOPPER, signIn } from './steps.ts'
import { expect, test } from './shop.ts'

test.describe.configure({ timeout: 90_000 })

/** Playwright's own scripts are kept out of the frame that a mail is shown in, as all are. */
const IN_THE_FRAME = /^Blocked script execution in .* frame is sandboxed/

/** Opens the list of mails and waits until one of this kind is sent: the page shows a moment. */
async function openMails(page: Page, kind: string): Promise<void> {
  await signIn(page)
  await expect(page.getByRole('heading', { name: 'Inventory' })).toBeVisible()
  await expect(async () => {
    await page.goto('/admin/mails')
    const row = page.getByRole('row').filter({ hasText: kind })
    await expect(row).toContainText('Sent', { timeout: 500 })
  }).toPass()
}

test('staff read what was written to a customer, and its link opens the order', async ({
  page,
  newShopper,
  noise,
}) => {
  noise.foresee(IN_THE_FRAME)
  const ada = await newShopper()
  await buy(ada, CARD.accepted)
  await expectConfirmed(ada)
  const address = new URL(ada.url()).pathname

  await openMails(page, 'Order confirmed')
  await page.getByRole('link', { name: 'Order confirmed' }).click()
  await expect(page.getByRole('heading', { name: 'Order confirmed' })).toBeVisible()
  await expect(page.getByText(SHOPPER.Email)).toBeVisible()
  const frame = page.frameLocator('iframe')
  await expect(frame.getByRole('heading', { name: /^Your order V-\w{8} is confirmed$/ })).toBeVisible()
  await expect(frame.getByText('Lumen Topaz Studs')).toBeVisible()
  const act = frame.getByRole('link', { name: 'Open your order' })
  const link = await act.getAttribute('href')
  await expect(page.getByText(link ?? 'a link')).toBeVisible()

  // In the frame it leads nowhere: no page of the shop is shown in one.
  noise.foresee(/^Framing .* violates .* "frame-ancestors 'none'"/)
  noise.foresee(/chrome-error:/)
  await act.click()
  await expect(page).toHaveURL(/\/admin\/mails\//)

  // Somebody who has no cookie of the shop, and no script.
  for (const options of [{}, { javaScriptEnabled: false }]) {
    const reader = await newShopper(options)
    await reader.goto(link ?? 'a link')
    await expect(reader).toHaveURL(new RegExp(`${address}$`))
    await expectConfirmed(reader)
    await expect(reader.getByText(SHOPPER['Street and number'])).toBeVisible()
  }
})

test('a mail is sent again, without script, too', async ({ newShopper, noise }) => {
  noise.foresee(IN_THE_FRAME)
  const plain = await newShopper({ javaScriptEnabled: false })
  await order(plain)
  const staff = await newShopper({ javaScriptEnabled: false })
  await openMails(staff, 'Payment needed')
  await staff.getByRole('link', { name: 'Payment needed' }).click()
  const number = await staff.getByRole('link', { name: /^V-\w{8}$/ }).innerText()
  await staff.getByRole('button', { name: 'Send again' }).click()
  await expect(staff.getByRole('status')).toContainText('This is the new mail.')
  await staff.getByRole('link', { name: 'its mails' }).click()
  await expect(staff.getByText('(sent again)')).toHaveCount(1)
  // The log says who asked for it.
  await staff.goto(`/admin/events?of=${number}`)
  const asked = staff.getByRole('row').filter({ hasText: 'mail.resend_requested' })
  await expect(asked).toContainText('admin@vitrine.test')
  // Without an order of that number.
  await staff.goto('/admin/mails?order=ring')
  await expect(staff.getByRole('alert')).toContainText('such as V-7K3M2Q9A')
})

test('a link that was cut off shows another way to the order', async ({ page }) => {
  await page.goto('/o/AZnAoBERequYu7xI0')
  await expect(page).toHaveURL(/\/orders\/find/)
  await expect(page.getByRole('main').getByRole('status')).toContainText(
    'This link opens no order',
  )
  await expect(page.getByRole('textbox', { name: 'Order number' })).toBeVisible()
})
