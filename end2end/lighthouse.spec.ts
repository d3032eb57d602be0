/**
 * Lighthouse on an emulated phone, the median of three runs. Slow, and true only on a calm machine: run
 * it with `cargo xtask test lighthouse`.
 */
import { writeFile } from 'node:fs/promises'
import { launch } from 'chrome-launcher'
import lighthouse, { type Result } from 'lighthouse'
import { expect, test } from './shop.ts'

const RUNS = 3
const CATEGORIES = ['performance', 'accessibility', 'best-practices', 'seo']
/** Of a hundred. */
const LEAST: Record<string, number> = {
  performance: 99,
  accessibility: 100,
  'best-practices': 100,
  seo: 100,
}
const LARGEST_PAINT_MS = 1_800
const BLOCKED_MS = 50

const median = (values: number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

async function run(url: string): Promise<Result> {
  const chrome = await launch({
    chromePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    chromeFlags: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  })
  try {
    const result = await lighthouse(url, { port: chrome.port, onlyCategories: CATEGORIES, logLevel: 'error' })
    if (!result) throw new Error(`no result for ${url}`)
    return result.lhr
  } finally {
    chrome.kill()
  }
}

test.describe.configure({ timeout: 300_000 })

for (const [name, path] of [
  ['home', '/'],
  ['category', '/c/rings'],
  ['product', '/p/vega-solitaire-ring'],
] as const) {
  test(`Lighthouse of the ${name}`, async ({ shop }, testInfo) => {
    const results: Result[] = []
    for (let i = 0; i < RUNS; i++) results.push(await run(shop.url + path))
    const score = (of: string) => median(results.map(r => Math.round((r.categories[of]?.score ?? 0) * 100)))
    const number = (of: string) => median(results.map(r => r.audits[of]?.numericValue ?? Number.NaN))
    const scores = Object.fromEntries(CATEGORIES.map(of => [of, score(of)]))
    const times = {
      largestPaintMs: Math.round(number('largest-contentful-paint')),
      blockedMs: Math.round(number('total-blocking-time')),
      shift: number('cumulative-layout-shift'),
    }
    console.log(name, scores, times)
    await writeFile(testInfo.outputPath('lighthouse.json'), JSON.stringify(results[0], null, 1))
    const failed = Object.values(results[0]?.audits ?? {}).filter(a => a.score !== null && a.score < 0.9)
    const why = failed.map(audit => `${audit.id}: ${audit.displayValue ?? audit.title}`).join('\n')
    for (const of of CATEGORIES) expect.soft(scores[of], `${of}\n${why}`).toBeGreaterThanOrEqual(LEAST[of] ?? 0)
    expect.soft(times.largestPaintMs).toBeLessThanOrEqual(LARGEST_PAINT_MS)
    expect.soft(times.blockedMs).toBeLessThanOrEqual(BLOCKED_MS)
    expect.soft(times.shift).toBe(0)
  })
}
