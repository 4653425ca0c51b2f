/* Spring Vault's story for test/real/tools.real.test.ts: sys, every way of AppRole, wrapping, key-value, the life of a session and of leases. */
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.springframework.http.HttpEntity;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.client.ClientHttpRequestFactory;
import org.springframework.http.client.JdkClientHttpRequestFactory;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;
import org.springframework.vault.authentication.*;
import org.springframework.vault.authentication.AppRoleAuthenticationOptions.RoleId;
import org.springframework.vault.authentication.AppRoleAuthenticationOptions.SecretId;
import org.springframework.vault.client.VaultClients;
import org.springframework.vault.client.VaultEndpoint;
import org.springframework.vault.core.*;
import org.springframework.vault.core.VaultKeyValueOperationsSupport.KeyValueBackend;
import org.springframework.vault.core.lease.SecretLeaseContainer;
import org.springframework.vault.core.lease.domain.RequestedSecret;
import org.springframework.vault.support.*;
import org.springframework.web.client.RestTemplate;

public class Story {
  static final ClientHttpRequestFactory http = new JdkClientHttpRequestFactory();
  static final VaultEndpoint place = VaultEndpoint.from(URI.create(System.getenv("VAULT_ADDR")));
  static final VaultToken root = VaultToken.of(System.getenv("VAULT_TOKEN"));
  static final RestTemplate rest = VaultClients.createRestTemplate(place, http);
  static final VaultTemplate vault =
      new VaultTemplate(place, http, new SimpleSessionManager(new TokenAuthentication(root)));
  static int steps = 0;

  static void step(String what, boolean isSo) {
    if (!isSo) throw new IllegalStateException(what);
    steps++;
    System.out.println(what);
  }

  public static void main(String[] none) throws Exception {
    system();
    AppRoleAuthentication login = logins();
    wrapping();
    ThreadPoolTaskScheduler scheduler = new ThreadPoolTaskScheduler();
    scheduler.setDaemon(true);
    scheduler.initialize();
    LifecycleAwareSessionManager session = new LifecycleAwareSessionManager(login, scheduler, rest);
    List<String> life = new CopyOnWriteArrayList<>();
    session.addAuthenticationListener(event -> life.add(event.getClass().getSimpleName()));
    session.addErrorListener(event -> life.add("error " + event.getException()));
    VaultTemplate mine = new VaultTemplate(place, http, session);
    keyValue(mine);
    versions(mine);
    leases(mine, scheduler);
    step("the session is renewed " + life, life.contains("AfterLoginTokenRenewedEvent"));
    session.destroy();
    step("the session is revoked " + life, life.contains("AfterLoginTokenRevocationEvent"));
    step("the session had no error", life.stream().noneMatch(event -> event.startsWith("error")));
    tokens();
    vault.opsForSys().unmount("old");
    step("an engine is unmounted", !vault.opsForSys().getMounts().containsKey("old/"));
    System.out.println(steps + " steps");
    System.exit(0);
  }

  static void system() {
    VaultSysOperations sys = vault.opsForSys();
    step("is initialized", sys.isInitialized());
    step("is healthy", !sys.health().isSealed() && !sys.health().isStandby());
    step("is unsealed", !sys.getUnsealStatus().isSealed());
    sys.mount("old", VaultMount.builder().type("kv").config(Map.of("default_lease_ttl", "1h")).build());
    sys.mount("team", VaultMount.builder().type("kv").options(Map.of("version", "2")).build());
    step("engines are mounted", sys.getMounts().get("team/").getOptions().get("version").equals("2"));
    sys.authMount("approle", VaultMount.create("approle"));
    sys.authMount("userpass", VaultMount.create("userpass"));
    step("methods are mounted", sys.getAuthMounts().containsKey("approle/"));
    String[] all = {"read", "create", "update", "list", "delete"};
    sys.createOrUpdatePolicy(
        "team",
        Policy.of(
            Policy.Rule.builder().path("team/*").capabilities(all).build(),
            Policy.Rule.builder().path("old/*").capabilities(all).build()));
    step("a policy is written", sys.getPolicyNames().contains("team") && sys.getPolicy("team") != null);
    step("no policy is null", sys.getPolicy("none") == null);
    vault.write("auth/approle/role/ci", Map.of("token_policies", "team", "token_ttl", "10s", "token_max_ttl", "1h"));
    vault.write("auth/userpass/users/ann", Map.of("password", "correct horse", "token_policies", "team"));
  }

  static VaultToken wrapped(String path, HttpMethod method, Object body) {
    HttpHeaders headers = new HttpHeaders();
    headers.add("X-Vault-Wrap-TTL", "60");
    return VaultToken.of(
        vault
            .doWithSession(r -> r.exchange(path, method, new HttpEntity<>(body, headers), VaultResponse.class))
            .getBody()
            .getWrapInfo()
            .get("token"));
  }

  static AppRoleAuthentication approle(RoleId role, SecretId secret) {
    return new AppRoleAuthentication(
        AppRoleAuthenticationOptions.builder().appRole("ci").roleId(role).secretId(secret).build(), rest);
  }

  static AppRoleAuthentication logins() {
    String role = (String) vault.read("auth/approle/role/ci/role-id").getData().get("role_id");
    String secret = (String) vault.write("auth/approle/role/ci/secret-id", null).getData().get("secret_id");
    AppRoleAuthentication plain = approle(RoleId.provided(role), SecretId.provided(secret));
    step("logs in by role id and secret id", plain.login().getToken() != null);
    RoleId wrappedRole = RoleId.wrapped(wrapped("auth/approle/role/ci/role-id", HttpMethod.GET, null));
    SecretId wrappedSecret = SecretId.wrapped(wrapped("auth/approle/role/ci/secret-id", HttpMethod.POST, Map.of()));
    step("logs in by wrapped ids", approle(wrappedRole, wrappedSecret).login().getToken() != null);
    step("logs in by pulled ids", approle(RoleId.pull(root), SecretId.pull(root)).login().getToken() != null);
    var ann = UsernamePasswordAuthenticationOptions.builder().username("ann").password("correct horse").build();
    step("logs in by password", new UsernamePasswordAuthentication(ann, rest).login().getToken() != null);
    var cubbyhole =
        CubbyholeAuthenticationOptions.builder()
            .unwrappingEndpoints(UnwrappingEndpoints.SysWrapping)
            .initialToken(wrapped("auth/token/create", HttpMethod.POST, Map.of("policies", List.of("team"), "ttl", "1h")))
            .wrapped()
            .build();
    step("logs in by a wrapped token", new CubbyholeAuthentication(cubbyhole, rest).login() instanceof LoginToken);
    return plain;
  }

  static void wrapping() {
    VaultWrappingOperations wrapping = vault.opsForWrapping();
    WrappedMetadata first = wrapping.wrap(Map.of("a", "b"), Duration.ofMinutes(1));
    step("a wrapping is looked up", wrapping.lookup(first.getToken()).getTtl().equals(Duration.ofMinutes(1)));
    WrappedMetadata second = wrapping.rewrap(first.getToken());
    step("a wrapping opens", wrapping.read(second.getToken()).getData().get("a").equals("b"));
    step("a wrapping opens once", wrapping.read(second.getToken()) == null);
  }

  static void keyValue(VaultTemplate mine) {
    mine.write("old/app", Map.of("user", "ann", "ttl", "3s"));
    VaultResponse read = mine.read("old/app");
    step("version 1 reads", read.getData().get("user").equals("ann") && read.getLeaseDuration() == 3);
    step("version 1 misses", mine.read("old/none") == null);
    step("version 1 lists", mine.list("old").equals(List.of("app")));
    VaultKeyValueOperations team = mine.opsForKeyValue("team", KeyValueBackend.KV_2);
    team.put("app", Map.of("user", "bob"));
    team.patch("app", Map.of("n", 5));
    Map<String, Object> data = team.get("app").getRequiredData();
    step("version 2 patches", data.get("user").equals("bob") && data.get("n").equals(5));
    step("version 2 misses", team.get("none") == null);
    step("version 2 lists", team.list("").equals(List.of("app")));
  }

  static void versions(VaultTemplate mine) {
    VaultVersionedKeyValueOperations team = mine.opsForVersionedKeyValue("team");
    step("a version is told", team.get("app").getVersion().getVersion() == 2);
    team.put("app", Versioned.create(Map.of("user", "carol"), Versioned.Version.from(2)));
    boolean isRefused = false;
    try {
      team.put("app", Versioned.create(Map.of("user", "dan"), Versioned.Version.from(2)));
    } catch (RuntimeException refused) {
      isRefused = true;
    }
    step("an older version is refused", isRefused);
    team.delete("app");
    step("is deleted", team.get("app").getData() == null && team.get("app").getMetadata().isDeleted());
    team.undelete("app", Versioned.Version.from(3));
    step("is back", team.get("app").getData() != null);
    team.destroy("app", Versioned.Version.from(1));
    step("is destroyed", team.get("app", Versioned.Version.from(1)).getMetadata().isDestroyed());
    VaultKeyValueMetadataOperations metadata = vault.opsForVersionedKeyValue("team").opsForKeyValueMetadata();
    metadata.put("app", VaultMetadataRequest.builder().maxVersions(4).casRequired(true).build());
    VaultMetadataResponse told = metadata.get("app");
    step("metadata is kept", told.getMaxVersions() == 4 && told.isCasRequired() && told.getVersions().size() == 3);
  }

  static void leases(VaultTemplate mine, ThreadPoolTaskScheduler scheduler) throws Exception {
    SecretLeaseContainer container = new SecretLeaseContainer(mine, scheduler);
    container.setMinRenewal(Duration.ofSeconds(1));
    container.setExpiryThreshold(Duration.ofSeconds(1));
    List<String> events = new CopyOnWriteArrayList<>();
    container.addLeaseListener(event -> events.add(event.getClass().getSimpleName()));
    container.addErrorListener((event, error) -> events.add("error " + error));
    container.afterPropertiesSet();
    container.start();
    container.addRequestedSecret(RequestedSecret.rotating("old/app"));
    Thread.sleep(8000);
    long rotations = events.stream().filter(event -> event.equals("SecretLeaseRotatedEvent")).count();
    step("a secret is read again at its ttl " + events, rotations >= 2);
    step("leases had no error", events.stream().noneMatch(event -> event.startsWith("error")));
    container.destroy();
  }

  static void tokens() {
    var request = VaultTokenRequest.builder().withPolicy("team").ttl(Duration.ofHours(1)).renewable().build();
    VaultToken child = vault.opsForToken().create(request).getToken();
    step("a token is renewed", vault.opsForToken().renew(child).getAuth().get("renewable").equals(true));
    vault.opsForToken().revoke(child);
    step("an orphan is made", vault.opsForToken().createOrphan().getToken() != null);
  }
}
