/**
 * Lighthouse on an emulated phone, the median of three runs. Slow, and true only on a calm machine: run
 * it with `cargo xtask test lighthouse`.
 */
import { writeFile } from 'node:fs/promises'
import { launch } from 'chrome-launcher'
import lighthouse, { type Result } from 'lighthouse'
import { throttling } from 'lighthouse/core/config/constants.js'
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

/**
 * Lighthouse slows the processor down four times to make a mid-tier phone of a fast desktop. A slower
 * machine is to be slowed down less: its documentation on throttling has twice for one of half that speed.
 */
const FAST_DESKTOP = 1_750
const slowdown = (benchmarkIndex: number): number => Math.min(4, Math.max(1, (4 * benchmarkIndex) / FAST_DESKTOP))

async function run(url: string, cpuSlowdownMultiplier: number): Promise<Result> {
  const chrome = await launch({
    chromePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    chromeFlags: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  })
  try {
    const result = await lighthouse(url, {
      port: chrome.port,
      onlyCategories: CATEGORIES,
      logLevel: 'error',
      throttling: { ...throttling.mobileSlow4G, cpuSlowdownMultiplier },
    })
    if (!result) throw new Error(`no result for ${url}`)
    return result.lhr
  } finally {
    chrome.kill()
  }
}

test.describe.configure({ timeout: 400_000 })

for (const [name, path] of [
  ['home', '/'],
  ['category', '/c/rings'],
  ['product', '/p/vega-solitaire-ring'],
] as const) {
  test(`Lighthouse of the ${name}`, async ({ shop }, testInfo) => {
    // Two that do not count tell how fast this machine is when nothing disturbs it.
    const uncounted = [await run(shop.url + path, 4), await run(shop.url + path, 4)]
    const benchmarkIndex = Math.max(...uncounted.map(r => r.environment.benchmarkIndex))
    const multiplier = slowdown(benchmarkIndex)
    const results: Result[] = []
    for (let i = 0; i < RUNS; i++) results.push(await run(shop.url + path, multiplier))
    const score = (of: string) => median(results.map(r => Math.round((r.categories[of]?.score ?? 0) * 100)))
    const number = (of: string) => median(results.map(r => r.audits[of]?.numericValue ?? Number.NaN))
    const scores = Object.fromEntries(CATEGORIES.map(of => [of, score(of)]))
    const times = {
      largestPaintMs: Math.round(number('largest-contentful-paint')),
      blockedMs: Math.round(number('total-blocking-time')),
      shift: number('cumulative-layout-shift'),
    }
    console.log(name, scores, times, { benchmarkIndex, slowdown: multiplier.toFixed(1) })
    await writeFile(testInfo.outputPath('lighthouse.json'), JSON.stringify(results[0], null, 1))
    const failed = Object.values(results[0]?.audits ?? {}).filter(a => a.score !== null && a.score < 0.9)
    const why = failed.map(audit => `${audit.id}: ${audit.displayValue ?? audit.title}`).join('\n')
    for (const of of CATEGORIES) expect.soft(scores[of], `${of}\n${why}`).toBeGreaterThanOrEqual(LEAST[of] ?? 0)
    expect.soft(times.largestPaintMs).toBeLessThanOrEqual(LARGEST_PAINT_MS)
    expect.soft(times.blockedMs).toBeLessThanOrEqual(BLOCKED_MS)
    expect.soft(times.shift).toBe(0)
  })
}
