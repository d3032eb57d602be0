//! Code 128 (ISO/IEC 15417), set B: a bar code of printable ASCII.

/// Widths of bars and gaps of each value, in modules, beginning with a bar.
const PATTERNS: [&str; 107] = [
    "212222", "222122", "222221", "121223", "121322", "131222", "122213", "122312", "132212",
    "221213", "221312", "231212", "112232", "122132", "122231", "113222", "123122", "123221",
    "223211", "221132", "221231", "213212", "223112", "312131", "311222", "321122", "321221",
    "312212", "322112", "322211", "212123", "212321", "232121", "111323", "131123", "131321",
    "112313", "132113", "132311", "211313", "231113", "231311", "112133", "112331", "132131",
    "113123", "113321", "133121", "313121", "211331", "231131", "213113", "213311", "213131",
    "311123", "311321", "331121", "312113", "312311", "332111", "314111", "221411", "431111",
    "111224", "111422", "121124", "121421", "141122", "141221", "112214", "112412", "122114",
    "122411", "142112", "142211", "241211", "221114", "413111", "241112", "134111", "111242",
    "121142", "121241", "114212", "124112", "124211", "411212", "421112", "421211", "212141",
    "214121", "412121", "111143", "111341", "131141", "114113", "114311", "411113", "411311",
    "113141", "114131", "311141", "411131", "211412", "211214", "211232", "2331112",
];
const START_B: usize = 104;
const STOP: usize = 106;
/// The check value is a remainder of this.
const MODULO: usize = 103;

/// Widths of bars and gaps, in turns and in modules, beginning with a bar; `None` for a text that has other
/// characters than printable ASCII.
pub fn widths(text: &str) -> Option<Vec<u8>> {
    let value = |byte: u8| {
        (b' '..=b'~')
            .contains(&byte)
            .then(|| usize::from(byte - b' '))
    };
    let values = text.bytes().map(value).collect::<Option<Vec<usize>>>()?;
    let weighted = values.iter().zip(1..).map(|(value, place)| value * place);
    let check = (START_B + weighted.sum::<usize>()) % MODULO;
    let all = [START_B].into_iter().chain(values).chain([check, STOP]);
    let widths = all.flat_map(|value| PATTERNS[value].bytes().map(|digit| digit - b'0'));
    Some(widths.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_is_as_the_standard_has_them() {
        let mut seen = PATTERNS.to_vec();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen.len(), PATTERNS.len(), "each stands for one value");
        for pattern in &PATTERNS[..STOP] {
            let widths: Vec<u8> = pattern.bytes().map(|digit| digit - b'0').collect();
            assert_eq!(widths.iter().sum::<u8>(), 11, "{pattern}: 11 modules");
            let bars: u8 = widths.iter().step_by(2).sum();
            assert_eq!(bars % 2, 0, "{pattern}: even parity");
        }
    }

    #[test]
    fn a_text_is_between_start_and_stop_with_its_check_value() {
        // The check value of PJJ123C in set B is 55: (104 + 48 + 2*42 + 3*42 + 4*17 + 5*18 + 6*19 + 7*35) % 103.
        let widths = widths("PJJ123C").expect("printable");
        let text: String = widths.iter().map(u8::to_string).collect();
        let letters = PATTERNS[48].to_owned() + PATTERNS[42] + PATTERNS[42];
        assert!(text.starts_with(&(PATTERNS[START_B].to_owned() + &letters)));
        assert!(text.ends_with(&(PATTERNS[55].to_owned() + PATTERNS[STOP])));
        assert_eq!(super::widths("é"), None);
    }
}
