import { availability, order, STUDS, visit } from './steps.ts'
import { expect, test } from './shop.ts'

test('a page that a translator has rewritten still moves', async ({ page, newShopper }) => {
  await visit(page, STUDS.path)
  await page.evaluate(() => {
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    const found: Text[] = []
    while (texts.nextNode()) found.push(texts.currentNode as Text)
    for (const text of found.filter(text => text.data.trim() && text.parentElement?.tagName !== 'SCRIPT')) {
      const font = document.createElement('font')
      font.textContent = text.data
      text.replaceWith(font)
    }
  })
  await expect(availability(page)).toHaveText('2 left')
  await order(await newShopper({ javaScriptEnabled: false }))
  await expect(availability(page)).toHaveText('1 left')
})
