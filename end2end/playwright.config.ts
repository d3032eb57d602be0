import { defineConfig } from '@playwright/test'
import type { ShopOptions } from './shop.ts'

export default defineConfig<ShopOptions>({
  testDir: '.',
  testIgnore: [
    // Takes minutes and a calm machine: only `cargo xtask test lighthouse` asks for it.
    ...(process.env['VITRINE_LIGHTHOUSE'] ? [] : ['lighthouse.spec.ts']),
    // Makes a picture, and proves nothing.
    ...(process.env['VITRINE_README'] ? [] : ['readme/*']),
  ],
  snapshotPathTemplate: '{testDir}/pictures/{arg}{ext}',
  // Every test has a shop of its own, so none has to wait for another.
  fullyParallel: true,
  workers: 2,
  // A test that passes on the second try is a fault, either in the shop or in the test.
  retries: 0,
  // A forgotten `test.only` would turn the rest off without a word.
  forbidOnly: true,
  reporter: 'list',
  // For a machine that compiles beside the tests; on a quiet one none takes a quarter of it.
  timeout: 90_000,
  expect: { timeout: 20_000 },
  use: {
    // Pictures of every step would cost a shared machine more than the tests themselves.
    trace: { mode: 'retain-on-failure', screenshots: false },
    launchOptions: {
      executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
      // The sandbox needs rights that containers do not give; the rest keeps Chromium from calling
      // home, which a closed network answers with noise and delay.
      args: [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
})
