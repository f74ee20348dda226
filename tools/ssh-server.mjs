import { installPackages } from './engine/engine-packages.mjs'
import { EngineSetUpError } from './engine/engine-set-up-error.mjs'
import { isMain } from './is-main.mjs'
import { runTool } from './run-tool.mjs'

/** Installs Debian's ssh server if it is missing. Tests run it themselves, with keys and a configuration of their own. */
async function up() {
  await installPackages([{ name: 'openssh-server', program: '/usr/sbin/sshd' }], console.log)
  console.log('/usr/sbin/sshd is installed')
  return 0
}

if (isMain(import.meta.url)) await runTool('tools/ssh-server.mjs', { up }, EngineSetUpError)
