//! A backup of a shop that sells, and what became of it where it was restored; and what `server check`
//! finds.

use std::path::Path;

use clap::Parser as _;
use scratch::Scratch;
use server::cli::{self, Cli};

use crate::products::{picture, prepared, publish};
use crate::replay::command;
use crate::shop::{RING, RING_PRICE, TestShop};

const GOOD_CARD: &str = "pm_card_visa";

/// Runs `server COMMAND` for the database at `url`. What it said, or why it failed with what it said
/// before.
async fn server(url: &str, arguments: &[&str]) -> Result<String, String> {
    let database = format!("--database-url={url}");
    let all = ["server"].iter().chain(arguments).copied();
    let cli = Cli::try_parse_from(all.chain([database.as_str()])).map_err(|e| e.to_string())?;
    let mut out = Vec::new();
    let done = cli::run(cli.command.expect("a command"), &cli.config, &mut out).await;
    let said = String::from_utf8(out).expect("text");
    done.map(|()| said.clone())
        .map_err(|error| format!("{said}{error:#}"))
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

/// What a backup holds, line by line, but for the first, which says when, and the last, which adds up.
fn content(file: &Path) -> Vec<String> {
    use std::io::Read as _;

    let file = std::fs::File::open(file).expect("a file");
    let mut text = String::new();
    flate2::read::GzDecoder::new(file)
        .read_to_string(&mut text)
        .expect("compressed text");
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.pop();
    lines.remove(0);
    // In which order a table's rows stand is the engine's business.
    lines.sort();
    lines
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_shop_that_sells_is_restored_on_either_database() {
    let shop = TestShop::open().await;
    shop.count(RING, 1_000).await;
    let mut staff = shop.staff().await;
    prepared(&mut staff).await;
    publish(&mut staff, "").await;
    let file = shop.scratch_folder().join("one.backup");
    let selling = async {
        for _ in 0..20 {
            let mut ada = shop.shopper();
            let order = ada.order(RING, GOOD_CARD, RING_PRICE).await;
            shop.until_status(order, "confirmed").await;
        }
    };
    let arguments = ["backup", text(&file), "--verify"];
    let backing_up = command(&shop, &arguments);
    let ((), said) = tokio::join!(selling, backing_up);
    let said = said.expect("backed up and verified");
    assert!(said.contains("the log is whole"), "{said}");
    let refused = command(&shop, &["backup", text(&file)]).await;
    assert!(refused.expect_err("it is there").contains("exists already"));

    let orders = "select count(*) from orders";
    let before = shop.number(orders).await;
    let file = shop.scratch_folder().join("two.backup");
    let done = command(&shop, &["backup", text(&file)]).await;
    done.expect("backed up");

    // Into a file, from there into another database of the first kind, and all is as it was.
    let lite = format!("sqlite:{}", shop.scratch_folder().join("copy.db").display());
    let said = server(&lite, &["restore", text(&file)]).await;
    let said = said.expect("restored");
    assert!(said.contains("the log is whole"), "{said}");
    let of_copy = shop.scratch_folder().join("three.backup");
    let done = server(&lite, &["backup", text(&of_copy)]).await;
    done.expect("backed up");
    assert_eq!(content(&of_copy), content(&file));
    let again = Scratch::new().await;
    let done = server(&again.url(), &["restore", text(&of_copy)]).await;
    done.expect("restored");

    // A shop goes on with it, under another name of its log.
    let name = shop.log().identity().to_owned();
    let stock = shop.stock(RING).await;
    let scratch = shop.closed().await;
    let shop = TestShop::on(again).await;
    assert_ne!(shop.log().identity(), name);
    assert_eq!(shop.number(orders).await, before);
    assert_eq!(shop.stock(RING).await, stock);
    let mut ada = shop.shopper();
    let photograph = picture(&mut ada).await;
    let photograph = ada.get(&photograph).await;
    assert_eq!(photograph.status, 200, "what staff have uploaded");
    let order = ada.order(RING, GOOD_CARD, RING_PRICE).await;
    shop.until_status(order, "confirmed").await;
    let said = command(&shop, &["check"]).await.expect("nothing is wrong");
    assert!(said.contains("the log is whole"), "{said}");

    // Where there is a shop already nothing is restored.
    let url = shop.database_url();
    let refused = server(&url, &["restore", text(&file)]).await;
    let refused = refused.expect_err("it is there");
    assert!(
        refused.contains("there is a database already") || refused.contains("is not empty"),
        "{refused}"
    );
    shop.closed().await;
    drop(scratch);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_backups_at_once_one_is_made_and_nobody_else_can_read_it() {
    use std::os::unix::fs::PermissionsExt as _;

    let shop = TestShop::open().await;
    let folder = shop.scratch_folder().to_owned();
    let file = folder.join("one.backup");
    let arguments = ["backup", text(&file)];
    let both = tokio::join!(command(&shop, &arguments), command(&shop, &arguments));
    let refused = match both {
        (Ok(_), Err(refused)) | (Err(refused), Ok(_)) => refused,
        both => panic!("one of them: {both:?}"),
    };
    assert!(refused.contains("one.backup"), "{refused}");
    let mode = std::fs::metadata(&file)
        .expect("there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let left = std::fs::read_dir(&folder).expect("a folder");
    let mut left = left.map(|entry| entry.expect("an entry").file_name());
    let is_draft = |name: std::ffi::OsString| name.to_string_lossy().starts_with(".backup-");
    assert!(!left.any(is_draft), "a draft is left");
    let copy = format!("sqlite:{}", folder.join("copy.db").display());
    let said = server(&copy, &["restore", text(&file)]).await;
    assert!(said.expect("restored").contains("the log is whole"));
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_backup_or_a_changed_one_leaves_nothing() {
    let shop = TestShop::open().await;
    let folder = shop.scratch_folder().to_owned();
    let file = folder.join("whole.backup");
    let done = command(&shop, &["backup", text(&file)]).await;
    done.expect("backed up");
    let whole = std::fs::read(&file).expect("its bytes");
    let mut changed = whole.clone();
    changed[whole.len() / 2] ^= 0x10;
    let half = whole[..whole.len() / 2].to_vec();
    for (name, bytes) in [
        ("half", half),
        ("changed", changed),
        ("empty", Vec::new()),
        ("other", b"a,b\n1,2\n".to_vec()),
    ] {
        let file = folder.join(name);
        std::fs::write(&file, bytes).expect("written");
        let place = folder.join(format!("{name}.db"));
        let url = format!("sqlite:{}", place.display());
        let refused = server(&url, &["restore", text(&file)]).await;
        let refused = refused.expect_err(name);
        assert!(refused.contains("backup"), "{name}: {refused}");
        let left = std::fs::read_dir(&folder).expect("a folder");
        let left = left.map(|entry| entry.expect("an entry").file_name());
        let begins = format!("{name}.db");
        let left: Vec<_> = left
            .filter(|file| file.to_string_lossy().starts_with(&begins))
            .collect();
        assert!(left.is_empty(), "{name} has left {left:?}");
    }
    let missing = server("sqlite:nowhere.db", &["restore", "no-such.backup"]).await;
    assert!(missing.expect_err("missing").contains("there is no file"));
    shop.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_names_what_is_wrong_and_nothing_else() {
    let shop = TestShop::open().await;
    let mut ada = shop.shopper();
    let order = ada.order(RING, GOOD_CARD, RING_PRICE).await;
    shop.until_status(order, "confirmed").await;
    command(&shop, &["check"]).await.expect("nothing is wrong");
    let check = async || {
        let found = server(&shop.database_url(), &["check"]).await;
        found.expect_err("something is wrong")
    };

    let state = format!(
        "update decider_states set state = '{{\"on_hand\":9,\"allocated\":0}}' \
         where decider = 'inventory' and key = '{RING}'"
    );
    shop.alter(state).await;
    let found = check().await;
    assert!(found.ends_with("one fault was found"), "{found}");
    assert!(
        found.contains(&format!("the state of inventory for {RING} is another one")),
        "{found}"
    );

    shop.alter("update events set data = '{}' where position = 7".to_owned())
        .await;
    let found = check().await;
    assert!(
        found.contains("✗ the event at position 7 is damaged"),
        "{found}"
    );
    assert!(found.contains("states were not compared"), "{found}");
    shop.closed().await;
}
