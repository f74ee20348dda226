// A worker of vitest would continue when vitest is killed, and with it the programs that its tests have started.
if (!process.listeners('disconnect').some(({ name }) => name === endWithVitest.name))
  process.on('disconnect', endWithVitest)

function endWithVitest(): void {
  process.exit(1)
}

export {}
