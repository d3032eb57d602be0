/** Staff come by invitation, see what their role needs, and sign in with a code. */
import { createHmac } from 'node:crypto'
import { type Page } from '@playwright/test'
import { AWAKE_MS, invitation, live, signIn } from './steps.ts'
import { ADMIN, expect, test } from './shop.ts'

const GRACE = { email: 'grace@vitrine.test', password: 'a passphrase of her own' }

/** What an app shows, as RFC 6238 has it; `later` steps from now. */
function codeOf(secret: string, later = 0): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const bits = [...secret].map(letter => letters.indexOf(letter).toString(2).padStart(5, '0')).join('')
  const bytes = (bits.match(/.{8}/g) ?? []).map(byte => parseInt(byte, 2))
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + later))
  const hash = createHmac('sha1', Buffer.from(bytes)).update(counter).digest()
  const offset = (hash.at(-1) ?? 0) & 0xf
  return String((hash.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

async function invite(page: Page, email: string, role: string): Promise<void> {
  await page.goto('/admin/staff')
  const form = page.getByRole('form', { name: 'Invite somebody' })
  await form.getByRole('textbox', { name: 'Email' }).fill(email)
  await form.getByRole('combobox', { name: 'Role' }).selectOption(role)
  await form.getByRole('button', { name: 'Invite' }).click()
  await expect(page.getByRole('status').filter({ hasText: 'is written to' })).toBeVisible()
}

async function choosePassword(page: Page): Promise<void> {
  await page.getByRole('textbox', { name: /^Password, at least/ }).fill(GRACE.password)
  await page.getByRole('textbox', { name: 'The same password again' }).fill(GRACE.password)
  await page.getByRole('button', { name: 'Become a member' }).click()
  await expect(page).toHaveURL('/admin/inventory')
}

const menu = (page: Page) => page.getByRole('navigation', { name: 'Admin' })

test('an owner invites somebody, who sees what her role needs, and another role reaches her open page', async ({
  page,
  shop,
  newShopper,
  noise,
}) => {
  noise.foresee(/status of 403/)
  await signIn(page)
  await invite(page, GRACE.email, 'stock')
  await expect(page.getByRole('list').filter({ hasText: 'invited by' })).toContainText(GRACE.email)

  const grace = await newShopper()
  const link = await invitation(shop, GRACE.email)
  await grace.goto(link)
  await choosePassword(grace)
  // The owner's page has it without being loaded again.
  await expect(page.getByRole('combobox', { name: `Role of ${GRACE.email}` })).toBeVisible({ timeout: AWAKE_MS })

  await expect(menu(grace).getByRole('link', { name: 'Restock' })).toBeVisible()
  for (const name of ['Prices', 'Persons', 'Staff', 'Audit']) {
    await expect(menu(grace).getByRole('link', { name })).toHaveCount(0)
  }
  await grace.goto('/admin/prices')
  await expect(grace.getByRole('heading', { name: 'Not for your role' })).toBeVisible()
  await expect(grace.getByRole('alert')).toContainText('Those who may: Owner')
  await grace.goto('/admin/inventory')
  await live(grace)
  await expect(grace.getByRole('button', { name: /^Correct stock of/ }).first()).toBeVisible()

  await page.getByRole('combobox', { name: `Role of ${GRACE.email}` }).selectOption('viewer')
  await page.getByRole('button', { name: `Change role: ${GRACE.email}` }).click()
  await expect(page.getByRole('status').filter({ hasText: 'The role is Viewer now' })).toBeVisible()
  // Nothing is pressed on hers.
  await expect(grace).toHaveURL('/admin/sign-in', { timeout: AWAKE_MS })
  await grace.getByRole('textbox', { name: 'Email' }).fill(GRACE.email)
  await grace.getByRole('textbox', { name: 'Password' }).fill(GRACE.password)
  await grace.getByRole('button', { name: 'Sign in' }).click()
  await expect(grace.getByRole('heading', { name: 'Inventory' })).toBeVisible()
  await expect(grace.getByRole('button', { name: /^Correct stock of/ })).toHaveCount(0)

  await page.goto('/admin/audit')
  await expect(page.getByRole('row').filter({ hasText: 'staff.role_changed' })).toContainText(ADMIN.email)
  await page.getByRole('combobox', { name: 'Who' }).selectOption(GRACE.email)
  await page.getByRole('button', { name: 'Show' }).click()
  await expect(page.getByRole('row').filter({ hasText: 'staff.joined' })).toBeVisible()
  await expect(page.getByRole('row').filter({ hasText: 'staff.role_changed' })).toHaveCount(0)
})

test('what is typed is kept when somebody is signed out meanwhile', async ({ page, newShopper }) => {
  await signIn(page)
  await page.goto('/admin/staff')
  await live(page)
  const email = page.getByRole('form', { name: 'Invite somebody' }).getByRole('textbox', { name: 'Email' })
  await email.fill('half@typed')
  const other = await newShopper()
  await signIn(other)
  await other.goto('/admin/account')
  await other.getByRole('button', { name: 'Sign out all other browsers' }).click()
  await expect(other.getByRole('status').filter({ hasText: 'All other browsers are signed out' })).toBeVisible()
  await expect(page.getByRole('status').filter({ hasText: 'You are signed out' })).toBeVisible({ timeout: AWAKE_MS })
  await expect(email).toHaveValue('half@typed')
})

for (const javaScriptEnabled of [true, false]) {
  test(`a code is asked for, ${javaScriptEnabled ? 'with' : 'without'} script`, async ({ newShopper }) => {
    const page = await newShopper({ javaScriptEnabled })
    await signIn(page)
    await expect(page.getByRole('heading', { name: 'Inventory' })).toBeVisible()
    await page.goto('/admin/account')
    await page.getByRole('button', { name: 'Set up an app' }).click()
    await expect(page.getByRole('img', { name: 'Picture for your app' })).toBeVisible()
    const secret = (await page.locator('.staff__secret').textContent()) ?? ''
    await page.getByRole('textbox', { name: 'Code of your app' }).fill('000000')
    await page.getByRole('button', { name: 'Switch on' }).click()
    await expect(page.getByRole('alert')).toContainText('This code is not right')
    await page.getByRole('textbox', { name: 'Code of your app' }).fill(codeOf(secret))
    await page.getByRole('button', { name: 'Switch on' }).click()
    const recovery = page.getByRole('status').filter({ hasText: 'recovery codes' }).getByRole('listitem')
    await expect(recovery).toHaveCount(10)
    const spare = (await recovery.first().textContent()) ?? ''
    await page.getByRole('button', { name: 'Sign out', exact: true }).last().click()

    await signIn(page)
    await expect(page).toHaveURL('/admin/sign-in/code')
    const code = page.getByRole('textbox', { name: /^Code of your app/ })
    await code.fill('123')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await expect(page.getByRole('alert')).toContainText('not right, or was used already')
    await code.fill(codeOf(secret, 1))
    await page.getByRole('button', { name: 'Sign in' }).click()
    await expect(page).toHaveURL('/admin/inventory')
    await page.getByRole('button', { name: 'Sign out', exact: true }).click()
    await signIn(page)
    await code.fill(spare)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await expect(page).toHaveURL('/admin/inventory')
    await page.goto('/admin/account')
    await expect(page.getByText('Recovery codes left: 9.')).toBeVisible()
  })
}

test.describe('where nobody can sign in yet', () => {
  test.use({ shopEnv: { VITRINE_ADMIN_EMAIL: '', VITRINE_ADMIN_PASSWORD: '' } })

  test('the link of the start makes the first owner', async ({ page, shop }) => {
    const link = /become the owner at (\S+)/.exec(shop.output)?.[1] ?? ''
    await page.goto(link)
    await page.getByRole('textbox', { name: 'Email' }).fill(GRACE.email)
    await choosePassword(page)
    await expect(menu(page).getByRole('link', { name: 'Staff' })).toBeVisible()
  })
})
