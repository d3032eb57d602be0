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
    // Outer islands first: an inner one finds what is around it awake.
    for (const island of document.querySelectorAll('leptos-island')) {
      if (island.isConnected) await app[island.dataset.component]?.(island)
    }
  }

  for (const sign of signs) addEventListener(sign, begin, { capture: true, passive: true })
  const picture = document.querySelector('img[fetchpriority=high]')
  if (!picture || picture.complete) return begin()
  picture.addEventListener('load', begin)
  picture.addEventListener('error', begin)
  // A picture that takes too long shall not keep the page asleep.
  setTimeout(begin, 2500)
})
