/**
 * Runs the command of a tool that the first argument names. An unknown command prints the usage and exits with 2; an error
 * of the given class is printed and exits with 1.
 *
 * @param {string} path of the tool, for the usage
 * @param {Readonly<Record<string, () => Promise<number>>>} commands each resolves with the exit status
 * @param {new (message: string) => Error} OwnError
 */
export async function runTool(path, commands, OwnError) {
  const command = commands[process.argv[2] ?? '']
  try {
    process.exitCode = command === undefined ? showUsage(path, commands) : await command()
  } catch (error) {
    if (!(error instanceof OwnError)) throw error
    console.error(error.message)
    process.exitCode = 1
  }
}

/**
 * @param {string} path
 * @param {object} commands
 */
function showUsage(path, commands) {
  console.error(`Usage: node ${path} ${Object.keys(commands).join('|')}`)
  return 2
}
