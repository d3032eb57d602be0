// Starts the page's program: once what is seen first is there, or as soon as somebody begins to use the
// page. Until then every form and link works by itself.
((script, module) => {
  const signs = ['pointerdown', 'keydown', 'touchstart', 'focusin']
  let begun = false

  async function begin() {
    if (begun) return
    begun = true
    for (const sign of signs) removeEventListener(sign, begin, true)
    for (const link of document.querySelectorAll('link[rel=chunk]')) link.rel = 'preload'
    // Both at once: neither waits for the other.
    const program = fetch(module)
    // Its failure is told where it is awaited.
    program.catch(() => {})
    const app = await import(script)
    await app.default({ module_or_path: program })
    app.hydrate()
    // Each by itself: one whose code is slow, or never comes, keeps no other asleep. An inner one waits for
    // what is around it.
    const awake = new Map()
    for (const island of document.querySelectorAll('leptos-island')) {
      // Between two of them the browser may paint, and answer a touch.
      await turn()
      const outer = awake.get(island.parentElement.closest('leptos-island'))
      const wake = async () => {
        await outer
        if (!island.isConnected) return
        await app[island.dataset.component]?.(island)
        island.dataset.awake = ''
      }
      awake.set(island, wake().catch(console.error))
    }
  }

  // Before timers where the browser can, so that all islands still say at once what they follow.
  const turn = () => globalThis.scheduler?.yield?.() ?? new Promise(done => setTimeout(done))

  // What has been loaded is not yet painted.
  async function painted(picture) {
    await picture.decode().catch(() => {})
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(begin)))
  }

  // A page that is kept for the way back comes back without what lay over it.
  addEventListener('pagehide', () => {
    for (const dialog of document.querySelectorAll('dialog[open]')) dialog.close()
    for (const sheet of document.querySelectorAll(':popover-open')) sheet.hidePopover()
  })

  for (const sign of signs) addEventListener(sign, begin, { capture: true, passive: true })
  const picture = document.querySelector('img[fetchpriority=high]')
  if (!picture) return begin()
  // Also once it has failed, and at once where it is there already.
  painted(picture)
  // A picture that takes too long shall not keep the page asleep.
  setTimeout(begin, 2500)
})
