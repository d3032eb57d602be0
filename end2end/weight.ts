/** What a page costs: the bytes of everything that a browser fetches for it, headers included. */
import type { Page } from '@playwright/test'

export type Weight = { total: number; byKind: Record<string, number> }

/** Opens a page in a browser that has nothing yet, and waits until nothing more comes. */
export async function weigh(page: Page, path: string): Promise<Weight> {
  const cdp = await page.context().newCDPSession(page)
  const kinds = new Map<string, string>()
  const weight: Weight = { total: 0, byKind: {} }
  cdp.on('Network.responseReceived', event => {
    const module = event.response.mimeType === 'application/wasm'
    kinds.set(event.requestId, module ? 'WebAssembly' : event.type)
  })
  cdp.on('Network.loadingFinished', event => {
    const kind = kinds.get(event.requestId) ?? 'other'
    weight.byKind[kind] = (weight.byKind[kind] ?? 0) + event.encodedDataLength
    weight.total += event.encodedDataLength
  })
  await cdp.send('Network.enable')
  await page.goto(path, { waitUntil: 'networkidle' })
  await cdp.detach()
  return weight
}
