import { installPackages } from './engine/engine-packages.mjs'
import { EngineSetUpError } from './engine/engine-set-up-error.mjs'
import { isMain } from './is-main.mjs'
import { runTool } from './run-tool.mjs'

/**
 * Installs Debian's ssh server and openssl where they are missing. Tests run the server themselves, with keys and a configuration of
 * their own, and make certificates by openssl.
 */
async function up() {
  const packages = [
    { name: 'openssh-server', program: '/usr/sbin/sshd' },
    { name: 'openssl', program: 'openssl' },
  ]
  await installPackages(packages, console.log)
  console.log('/usr/sbin/sshd and openssl are installed')
  return 0
}

if (isMain(import.meta.url)) await runTool('tools/ssh-server.mjs', { up }, EngineSetUpError)
